// Function, coroutine and stream hear the same: random schedules of subscribing, publishing and leaving.
//   CARILLON_SEEDS=10000   how many (100); CARILLON_SEED=7 this one
#include <map>
#include <random>

#include "library/testing_broker.h"

namespace carillon::broker_testing {
namespace {

using Sequence = std::vector<std::string>;
const std::vector<std::string> topics = {"a", "a/b", "a/c", "b", "$s/b"};
const std::vector<TopicFilter> filters = {"a", "a/b", "a/+",  "#",        "a/#",
                                          "+", "b",   "$s/#", glob("a*"), glob("*b")};

// Three subscribers of one filter, of the three kinds, made in one go.
struct Triple {
    std::shared_ptr<Heard<std::string>> by_function = std::make_shared<Heard<std::string>>();
    std::shared_ptr<Heard<std::string>> by_coroutine = std::make_shared<Heard<std::string>>();
    std::shared_ptr<Heard<std::string>> by_stream = std::make_shared<Heard<std::string>>();
    std::optional<Subscription> a{}, b{};
    std::optional<Stream<Number>> c{};
};

std::string shown(const Delivery<Number>& d) {
    return std::string(d.topic()) + "=" + std::to_string(d->n);
}

Task<> read_all(Stream<Number>& stream, std::shared_ptr<Heard<std::string>> into) {
    while (const auto d = co_await stream.next()) into->add(shown(*d));
}

void begin(Triple& triple, Broker& broker, const TopicFilter& filter) {
    triple.a = broker.subscribe(
        filter, [its = triple.by_function](const Delivery<Number>& d) { its->add(shown(d)); });
    triple.b = broker.subscribe(
        filter, [its = triple.by_coroutine, &broker](const Delivery<Number>& d) -> Task<> {
            if (d->n % 7 == 0) co_await broker.sleep(1us);
            its->add(shown(d));
        });
    triple.c = broker.stream<Number>(filter);
    broker.spawn(read_all(*triple.c, triple.by_stream));
}

// Who subscribes is compared over what was published while he was there: streams are left only when
// all is quiet, so that all three saw the same.
void play(std::uint64_t seed, unsigned threads) {
    std::mt19937_64 random(seed);
    const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
    Sink sink;
    auto broker = sink.broker(threads);
    std::vector<std::unique_ptr<Triple>> all;
    std::int64_t n = 0;
    for (int step = 0; step < 60; ++step) {
        switch (below(12)) {
            case 0:
            case 1:
                begin(*all.emplace_back(std::make_unique<Triple>()), broker,
                      filters[below(filters.size())]);
                break;
            case 2:
                if (all.empty()) break;
                ASSERT_TRUE(broker.drain());
                {
                    auto& triple = *all[below(all.size())];
                    triple.a.reset();
                    triple.b.reset();
                    if (triple.c) triple.c->drop();
                }
                break;
            case 3:
                if (threads == 0) broker.run_ready();
                break;
            default:
                ASSERT_TRUE(broker.publish(topics[below(topics.size())], Number{++n}));
        }
    }
    ASSERT_TRUE(broker.drain());
    // drain() speaks of who does not wait himself; a reader does, until he has read.
    for (const auto& triple : all) {
        const auto expected = triple->by_function->all();
        while (threads == 0 && triple->by_stream->size() < expected.size()) broker.run_ready();
        triple->by_stream->wait_for(expected.size());
        ASSERT_EQ(triple->by_coroutine->all(), expected);
        ASSERT_EQ(triple->by_stream->all(), expected);
    }
    EXPECT_THAT(sink.all(), IsEmpty());
    const auto stats = broker.stats();
    EXPECT_EQ(stats.matched, accounted(stats));
    broker.stop();  // the readers end, while their streams are there
}

TEST(BrokerProperty, functions_coroutines_and_streams_hear_the_same_in_random_schedules) {
    const auto one = number_from("CARILLON_SEED", 0);
    const auto last = one != 0 ? one : number_from("CARILLON_SEEDS", 100);
    for (auto seed = one != 0 ? one : 1; seed <= last && !HasFatalFailure(); ++seed) {
        SCOPED_TRACE("CARILLON_SEED=" + std::to_string(seed));
        play(seed, static_cast<unsigned>(seed % 4));
    }
}

}  // namespace
}  // namespace carillon::broker_testing
