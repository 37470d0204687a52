// Nothing allocates per delivery. This file replaces the global operator new of the whole test
// program by one that counts; what buffers take from realloc is seen as a change of capacity.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <new>

#include "hub/testing_hub.h"

namespace {
std::atomic<std::uint64_t> news{0};

void* counted(std::size_t bytes) {
    news.fetch_add(1, std::memory_order_relaxed);
    void* memory = std::malloc(bytes == 0 ? 1 : bytes);
    if (memory == nullptr) std::abort();
    return memory;
}
void* counted(std::size_t bytes, std::size_t alignment) {
    news.fetch_add(1, std::memory_order_relaxed);
    void* memory = std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
    if (memory == nullptr) std::abort();
    return memory;
}
}  // namespace

void* operator new(std::size_t bytes) { return counted(bytes); }
void* operator new[](std::size_t bytes) { return counted(bytes); }
void* operator new(std::size_t bytes, std::align_val_t alignment) {
    return counted(bytes, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t bytes, std::align_val_t alignment) {
    return counted(bytes, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }

namespace carillon::hub {
namespace {

using testing::message;
using testing::TestHub;

// Takes everything, or nothing after the first time; keeps no bytes.
struct SinkDoor final : Door {
    void write(Outbox& box) override {
        std::array<iovec, 8> pieces{};
        const auto used = box.gather(pieces, share);
        std::size_t bytes = 0;
        for (std::size_t i = 0; i < used; ++i) bytes += pieces[i].iov_len;
        box.consume(bytes);
    }
    void give_up() override {}
    std::size_t write_now(std::string_view frames) override { return frames.size(); }
    std::size_t share = std::size_t{1} << 40;
};

struct GrowthFormat final : Encoder {
    bool encode(const Delivery& delivery, base::Buffer& out) const override {
        const auto before = out.capacity();
        out.append(delivery.channel);
        out.append(delivery.publication.body());
        if (out.capacity() != before) ++growths;
        ++calls;
        return true;
    }
    mutable std::uint64_t growths = 0;
    mutable std::uint64_t calls = 0;
};

struct Nobody final : Subscriber {
    void on_close(CloseReason) override {}
};

// `subscribers` of "one" and of "two" on one lane.
struct Crowd {
    explicit Crowd(std::size_t subscribers, std::size_t share) {
        for (std::size_t i = 0; i < subscribers; ++i) {
            doors.push_back(std::make_unique<SinkDoor>());
            doors.back()->share = share;
            outboxes.push_back(std::make_unique<Outbox>(house.lane(), *doors.back()));
            sessions.push_back(
                house.hub.open(house.app, house.lane(), *outboxes.back(), nobody, {}, format)
                    .session);
            for (const auto* channel : {"one", "two"}) {
                house.hub.subscribe(*sessions.back(), channel, format, {}, house.now());
            }
        }
        house.run();
    }
    ~Crowd() {
        for (auto* session : sessions) house.hub.close(*session, CloseReason::peer);
        outboxes.clear();
    }
    // Publishes once to each of `channels`, and runs the lane. Allocations per publication.
    double allocations(std::span<const std::string_view> channels, int times) {
        const auto before = news.load() + format.growths;
        for (int i = 0; i < times; ++i) {
            house.hub.publish(house.app, channels, message(body), house.now());
            house.iterate();
            while (house.lane().has_work()) house.iterate();
        }
        return static_cast<double>(news.load() + format.growths - before) / times;
    }

    const std::string body = std::string(100, 'x');
    GrowthFormat format;
    Nobody nobody;
    TestHub house;
    std::vector<std::unique_ptr<SinkDoor>> doors;
    std::vector<std::unique_ptr<Outbox>> outboxes;
    std::vector<Session*> sessions;
};

struct Way {
    const char* name;
    std::size_t channels;  // two dirty batches: nothing is written at once
    std::size_t share;
};

TEST(Allocation, per_publication_is_the_same_for_ten_subscribers_and_for_ten_thousand) {
    static constexpr std::string_view names[] = {"one", "two"};
    constexpr std::size_t all = std::size_t{1} << 40;
    for (const auto& way : {Way{"at once", 1, all}, Way{"by way of outboxes", 2, all},
                            Way{"in shares of 50 bytes", 2, 50}}) {
        double counted_at[2] = {};
        int at = 0;
        for (const std::size_t subscribers : {10, 10'000}) {
            Crowd crowd(subscribers, way.share);
            const std::span<const std::string_view> channels(names, way.channels);
            crowd.allocations(channels, 20);  // the pools fill
            const auto delivered = crowd.house.books().delivered;
            counted_at[at] = crowd.allocations(channels, 100);
            EXPECT_EQ(crowd.house.books().delivered - delivered, 100 * way.channels * subscribers);
            std::printf("allocations per publication, %s, %zu subscribers: %.2f\n", way.name,
                        subscribers, counted_at[at]);
            ++at;
        }
        EXPECT_EQ(counted_at[0], counted_at[1]) << way.name;
        EXPECT_LE(counted_at[1], 1.0) << way.name;  // the publication itself
    }
}

TEST(Allocation, a_publication_is_encoded_once_however_many_hear_it) {
    for (const std::size_t subscribers : {1, 10'000}) {
        Crowd crowd(subscribers, std::size_t{1} << 40);
        crowd.house.publish("one", "x");
        crowd.house.run();
        EXPECT_EQ(crowd.format.calls, 1U);
        crowd.house.publish("nobody's", "x");
        crowd.house.run();
        EXPECT_EQ(crowd.format.calls, 1U);
    }
}

}  // namespace
}  // namespace carillon::hub
