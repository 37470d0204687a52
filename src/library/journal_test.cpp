// A broker's journal: what it promises to who publishes, and what happens when the disk says no.
#include <thread>

#include "library/testing_journal.h"

namespace carillon::broker_testing {
namespace {

TEST(KeptTopics, go_on_with_epoch_and_offsets_after_a_restart) {
    for (const auto in : everywhere) {
        Keeper keeper(in);
        Position before;
        {
            auto broker = keeper.broker();
            publish_numbers(broker, "t", 1, 3);
            auto stream = broker.stream<Number>("t", {.from = From::last(1)});
            before = stream.wait()->position();
        }
        auto broker = keeper.broker();
        publish_numbers(broker, "t", 4, 4);
        auto stream = broker.stream<Number>("t", {.from = From::after(before)});
        const auto fourth = stream.wait();
        EXPECT_EQ(fourth->value().n, 4);
        EXPECT_EQ(fourth->position(), (Position{before.epoch, before.offset + 1}));
        EXPECT_EQ(before.offset, 3u);
        const auto journal = broker.journal().value();
        EXPECT_TRUE(journal.well);
        EXPECT_EQ(journal.topics, 1u);
        EXPECT_EQ(journal.appended, 1u);
    }
}

TEST(KeptTopics, are_those_of_the_first_rule_that_matches_and_keep_what_it_says) {
    Keeper keeper;
    auto builder = keeper.sink.builder(1);
    auto broker = builder
                      .with(FileJournal{.path = keeper.folder.path() + "/j",
                                        .topics = {"few/+", "one"},
                                        .keep = {.messages = 2},
                                        .more = {{.topics = {"few/#", "all/#"}}},
                                        .sync = Sync::every(1ms)})
                      .start()
                      .value();
    const auto kept = [&](const char* topic) {
        publish_numbers(broker, topic, 1, 2'000);
        EXPECT_TRUE(broker.drain());
        auto stream = broker.stream<Number>(topic, {.from = From::beginning()});
        if (stream.error() != nullptr) return std::int64_t{0};
        return 2'001 - stream.wait()->value().n;
    };
    EXPECT_EQ(kept("few/1"), 2);
    EXPECT_EQ(kept("one"), 2);
    EXPECT_EQ(kept("few/1/2"), 2'000);
    EXPECT_EQ(kept("all"), 2'000);
    EXPECT_EQ(kept("other"), 0);
}

TEST(KeptTopics, let_go_of_what_is_too_old_while_nobody_publishes) {
    Keeper keeper;
    auto broker = keeper.broker(0, {.keep = {.age = 50ms}});
    publish_numbers(broker, "t", 1, 5);
    ASSERT_TRUE(broker.drain());
    run_until(broker, [&] { return broker.journal()->trimmed >= 4; });
}

TEST(KeptTopics, do_not_keep_what_a_hook_refused_and_keep_what_it_made_of_the_rest) {
    struct Editor {
        Verdict on_publish(PublishEvent& event) {
            const auto number = event.as<Number>().value();
            if (number.n % 2 == 0) return Verdict::refuse("even");
            event.replace(Number{number.n * 100});
            return Verdict::pass();
        }
    };
    Keeper keeper;
    {
        auto builder = keeper.sink.builder(1);
        auto broker = keep_in(builder, In::files, keeper.folder).with(Editor{}).start().value();
        for (std::int64_t n = 1; n <= 4; ++n) {
            EXPECT_EQ(
                broker.publish("t", Number{n}, Once{9, static_cast<std::uint64_t>(n)}).has_value(),
                n % 2 == 1);
        }
        EXPECT_TRUE(broker.publish("t", Number{3}, Once{9, 3}).value().duplicate);
    }
    auto broker = keeper.broker();
    auto stream = broker.stream<Number>("t", {.from = From::beginning()});
    EXPECT_EQ(stream.wait()->value().n, 100);
    EXPECT_EQ(stream.wait()->value().n, 300);
    EXPECT_FALSE(stream.wait(1ms));
}

TEST(KeptTopics, stop_and_the_last_handle_store_what_was_published) {
    for (const bool stops : {true, false}) {
        Keeper keeper;
        {
            auto broker = keeper.broker(1, {.sync = Sync::every(100ms)});
            publish_numbers(broker, "t", 1, 500);
            if (stops) {
                broker.stop();
                EXPECT_EQ(broker.journal()->stored, 500u);
            }
        }
        auto broker = keeper.broker();
        auto stream = broker.stream<Number>("t", {.from = From::last(1)});
        EXPECT_EQ(stream.wait()->value().n, 500);
    }
}

// ---- who publishes is told ----

TEST(StoredPublish, is_confirmed_when_it_is_stored_and_not_before) {
    OnDisk house;
    auto broker = house.start().value();
    house.disk.syncs.close();
    auto confirming = broker.publish_confirmed("t", Number{1});
    while (house.disk.syncs.waiting() == 0) std::this_thread::yield();
    EXPECT_FALSE(confirming.await_ready());
    house.disk.syncs.open();
    const auto told = confirming.get().value();
    EXPECT_TRUE(told.stored);
    EXPECT_FALSE(told.duplicate);
}

TEST(StoredPublish, is_confirmed_to_coroutines_and_on_the_callers_loop) {
    for (const unsigned threads : {0U, 1U}) {
        Keeper keeper;
        auto broker = keeper.broker(threads, {.sync = Sync::each_batch()});
        if (threads == 0) {
            EXPECT_TRUE(broker.publish_confirmed("t", Number{1}).get().value().stored);
        }
        std::atomic<int> stored = 0;
        broker.spawn([](Broker& to, std::atomic<int>& count) -> Task<> {
            for (int n = 0; n < 20; ++n) {
                const auto told = co_await to.publish_confirmed("t", Number{n});
                if (told && told->stored) ++count;
            }
        }(broker, stored));
        if (threads == 0) {
            run_until(broker, [&] { return stored == 20; });
        } else {
            while (stored < 20) std::this_thread::yield();
        }
        broker.stop();
    }
}

TEST(StoredPublish, is_refused_while_the_disk_takes_nothing_and_taken_when_it_does_again) {
    OnDisk house;
    storage::JournalOptions options;
    options.retry_ms = 5;
    auto broker = house.start(1, std::move(options)).value();
    std::atomic<int> heard = 0;
    auto live = broker.subscribe("t", [&](const Number&) { ++heard; });
    house.disk.write_fails = true;
    ASSERT_TRUE(broker.publish("t", Number{1}));  // nobody knew
    while (broker.journal()->well) std::this_thread::yield();
    const auto refused = broker.publish("t", Number{2});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::io);
    EXPECT_THAT(refused.error().message, HasSubstr("t: its journal takes nothing: "));
    EXPECT_FALSE(broker.journal()->why.empty());
    house.disk.write_fails = false;
    while (!broker.journal()->well) std::this_thread::yield();
    ASSERT_TRUE(broker.publish("t", Number{3}));
    ASSERT_TRUE(broker.drain());
    EXPECT_EQ(heard, 2);
    EXPECT_EQ(broker.journal()->refused, 1u);
    auto stream = broker.stream<Number>("t", {.from = From::beginning()});
    EXPECT_EQ(stream.wait()->value().n, 1);
    EXPECT_EQ(stream.wait()->value().n, 3);
}

TEST(StoredPublish, is_told_that_it_failed_when_a_sync_does_and_nothing_more_is_taken) {
    OnDisk house;
    auto broker = house.start().value();
    house.disk.sync_fails = true;
    const auto told = broker.publish_confirmed("t", Number{1}).get();
    ASSERT_FALSE(told);
    EXPECT_EQ(told.error().kind, ErrorKind::io);
    house.disk.sync_fails = false;
    EXPECT_EQ(broker.publish("t", Number{2}).error().kind, ErrorKind::io);
    EXPECT_FALSE(broker.journal()->well);
    EXPECT_FALSE(broker.drain(20ms));
}

TEST(StoredPublish, is_refused_when_too_much_waits_for_the_disk) {
    OnDisk house;
    storage::JournalOptions options;
    options.queue_bytes_max = 4'096;
    auto broker = house.start(1, std::move(options)).value();
    house.disk.writes.close();
    Result<Receipt> last = Receipt{};
    for (int n = 0; n < 1'000 && last; ++n) last = broker.publish("t", Number{n});
    ASSERT_FALSE(last);
    EXPECT_EQ(last.error().kind, ErrorKind::overloaded);
    EXPECT_THAT(last.error().message, HasSubstr("disk"));
    house.disk.writes.open();
    ASSERT_TRUE(broker.drain());
    EXPECT_TRUE(broker.publish("t", Number{1}));
}

// ---- building ----

TEST(Builder, says_what_is_wrong_with_a_journal) {
    const auto wrong = [](auto part) {
        auto builder = Builder();
        const auto started = builder.with(part).start();
        return started ? "" : started.error().message;
    };
    EXPECT_THAT(wrong(FileJournal{.path = ""}), HasSubstr("FileJournal: it needs a path"));
    EXPECT_THAT(wrong(SqliteJournal{.path = "x", .topics = {"a/#/b"}}), HasSubstr("byte 3"));
    EXPECT_THAT(wrong(FileJournal{.path = "x", .sync = Sync::every(0ms)}), HasSubstr("Sync"));
    EXPECT_THAT(wrong(FileJournal{.path = "x", .keep = {.age = -1ms}}), HasSubstr("age"));
    EXPECT_THAT(wrong(FileJournal{.path = "/dev/null/journal"}), HasSubstr("FileJournal: "));
    auto two = Builder();
    two.with(FileJournal{.path = "a"}).with(SqliteJournal{.path = "b"});
    EXPECT_THAT(two.start().error().message, HasSubstr("one journal for one broker"));
}

TEST(Builder, does_not_open_a_journal_that_another_broker_has) {
    for (const auto in : everywhere) {
        Keeper keeper(in);
        auto broker = keeper.broker();
        auto builder = keeper.sink.builder(1);
        const auto second = keep_in(builder, in, keeper.folder).start();
        ASSERT_FALSE(second);
        EXPECT_EQ(second.error().kind, ErrorKind::forbidden);
    }
}

}  // namespace
}  // namespace carillon::broker_testing
