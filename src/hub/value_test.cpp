// Bodies that are values: whoever reads the same shape in this process needs no bytes.
#include "hub/value.h"

#include <gtest/gtest.h>

#include <barrier>
#include <memory>
#include <thread>

#include "hub/testing_spread.h"

namespace carillon::hub {
namespace {

using testing::Reader;
using testing::TestHub;

struct Counts {
    std::atomic<int> encoded{0};
    std::atomic<int> alive{0};
};

// Its bytes are its number. The first to be asked may be made to wait for another.
class Number final : public Value {
 public:
    static constexpr char the_type{};

    Number(Counts& counts, int number, std::barrier<>* both)
        : counts_(counts), number_(number), both_(both) {
        ++counts_.alive;
    }
    ~Number() override { --counts_.alive; }
    const void* type() const override { return &the_type; }
    const void* get() const override { return &number_; }

 protected:
    std::string encode() const override {
        ++counts_.encoded;
        if (both_ != nullptr) both_->arrive_and_wait();
        return std::to_string(number_);
    }

 private:
    Counts& counts_;
    const int number_;
    std::barrier<>* both_;
};

PublicationRef number(Counts& counts, int value, std::barrier<>* both = nullptr,
                      std::string_view event = "e") {
    struct Context {
        Counts& counts;
        int value;
        std::barrier<>* both;
    } context{counts, value, both};
    return Publication::make({.body_kind = BodyKind::json, .event = event},
                             {.bytes = sizeof(Number),
                              .body_bytes = 3,
                              .build = [](void* memory, void* given) -> Value* {
                                  const auto& its = *static_cast<Context*>(given);
                                  return new (memory) Number(its.counts, its.value, its.both);
                              },
                              .context = &context});
}

TEST(Value, is_encoded_when_its_bytes_are_asked_for_and_once) {
    Counts counts;
    {
        const auto publication = number(counts, 42);
        EXPECT_EQ(counts.encoded, 0);
        ASSERT_NE(publication->value(), nullptr);
        EXPECT_EQ(publication->value()->type(), &Number::the_type);
        EXPECT_EQ(*static_cast<const int*>(publication->value()->get()), 42);
        EXPECT_EQ(publication->event(), "e");
        EXPECT_EQ(counts.encoded, 0);
        const auto body = publication->body();
        EXPECT_EQ(body, "42");
        EXPECT_EQ(publication->body().data(), body.data());
        EXPECT_EQ(counts.encoded, 1);
        EXPECT_EQ(counts.alive, 1);
    }
    EXPECT_EQ(counts.alive, 0);
}

TEST(Value, lives_in_memory_that_fits_it_whatever_stands_before_it) {
    for (std::size_t bytes = 0; bytes < 40; ++bytes) {
        Counts counts;
        const std::string event(bytes, 'x');
        const auto publication = number(counts, 1, nullptr, event);
        const auto at = reinterpret_cast<std::uintptr_t>(publication->value());
        EXPECT_EQ(at % alignof(Number), 0U);
        EXPECT_EQ(publication->event(), event);
        EXPECT_EQ(publication->inbox_bytes(), Publication::item_overhead_bytes + bytes + 3);
    }
}

// Both are inside encode() before either comes out: the one race there is.
TEST(Value, two_who_ask_at_once_see_the_same_bytes) {
    for (int i = 0; i < 100; ++i) {
        Counts counts;
        std::barrier both(2);
        const auto publication = number(counts, 1'000'000 + i, &both);
        std::string_view seen[2];
        std::thread other([&] { seen[0] = publication->body(); });
        seen[1] = publication->body();
        other.join();
        EXPECT_EQ(counts.encoded, 2);
        EXPECT_EQ(seen[0], std::to_string(1'000'000 + i));
        EXPECT_EQ(seen[0].data(), seen[1].data());
    }
}

TEST(Value, is_not_encoded_where_everybody_reads_it_here) {
    Counts counts;
    TestHub house;
    Reader ann(house);
    std::vector<int> heard;
    struct ValueDoor final : Door {
        explicit ValueDoor(std::vector<int>& into) : heard(into) {}
        void write(Outbox& box) override {
            while (!box.empty()) {
                heard.push_back(*static_cast<const int*>(box.front(0).publication->value()->get()));
                box.consume_front(1);
            }
        }
        std::size_t write_now(std::string_view) override { return 0; }
        void give_up() override {}
        std::vector<int>& heard;
    } door(heard);
    struct Nobody final : Subscriber {
        void on_close(CloseReason) override {}
    } nobody;
    Outbox outbox(house.lane(), door);
    auto* session =
        house.hub.open(house.app, house.lane(), outbox, nobody, {}, Reader::format()).session;
    house.hub.subscribe(*session, "a", Reader::format(), {}, house.now());
    const std::string_view name = "a";
    for (int i = 1; i <= 3; ++i) {
        house.hub.publish(house.app, {&name, 1}, number(counts, i), house.now());
    }
    house.run();
    EXPECT_EQ(heard, (std::vector<int>{1, 2, 3}));
    EXPECT_EQ(counts.encoded, 0);
    EXPECT_EQ(counts.alive, 0);  // who has read it lets go of it
    // And once, however many lanes and formats want its bytes.
    auto bob = house.open();
    auto cid = house.open();
    const testing::LineFormat loud("!");
    bob->join("a");
    cid->join("a", loud);
    house.hub.publish(house.app, {&name, 1}, number(counts, 4), house.now());
    house.run();
    EXPECT_EQ(bob->take(), "a:e:4\n");
    EXPECT_EQ(cid->take(), "!a:e:4\n");
    EXPECT_EQ(heard.back(), 4);
    EXPECT_EQ(counts.encoded, 1);
    house.hub.close(*session, CloseReason::peer);
}

}  // namespace
}  // namespace carillon::hub
