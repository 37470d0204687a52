#include "carillon/listen.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>

#include "carillon/describe.h"
#include "carillon/journal.h"
#include "edge/testing_client.h"

namespace carillon {

struct Bid {
    std::string who;
    int pence = 0;
};
CARILLON_DESCRIBE(Bid, who, pence)

namespace {

using edge::testing::Client;
using edge::testing::get;
using ::testing::HasSubstr;

Builder listening(const std::shared_ptr<std::uint16_t>& port) {
    Builder builder;
    builder.with(Listen{.port = 0, .bound = port}).with(ErrorSink([](const Error&) {}));
    return builder;
}

std::unique_ptr<Client> subscribed(std::uint16_t port, std::string_view channel) {
    auto client = std::make_unique<Client>(port);
    EXPECT_EQ(client->ask(get("/app/demo-key?protocol=7", edge::testing::upgrade_headers)).status,
              101);
    EXPECT_THAT(client->hear().payload, HasSubstr("connection_established"));
    client->say(R"({"event":"pusher:subscribe","data":{"channel":")" + std::string(channel) +
                R"("}})");
    EXPECT_THAT(client->hear().payload, HasSubstr("subscription_succeeded"));
    return client;
}

TEST(Listen, lets_clients_hear_what_the_program_publishes_as_json) {
    const auto port = std::make_shared<std::uint16_t>();
    auto broker = listening(port).start().value();
    const auto client = subscribed(*port, "auction");
    ASSERT_EQ(broker.publish("auction", Bid{"ann", 250})->matched, 1U);
    EXPECT_THAT(client->hear().payload, HasSubstr(R"("data":{"who":"ann","pence":250}})"));
}

TEST(Listen, lets_the_program_hear_by_topic_and_by_pattern) {
    const auto port = std::make_shared<std::uint16_t>();
    auto broker = listening(port).start().value();
    auto all = broker.stream<Bid>("#");
    auto one = broker.stream<Bid>("auction");
    ASSERT_TRUE(broker.publish("auction", Bid{"bob", 300}));
    EXPECT_EQ(all.wait()->value().pence, 300);
    EXPECT_EQ(one.wait()->value().who, "bob");
}

TEST(Listen, serves_the_page) {
    const auto port = std::make_shared<std::uint16_t>();
    const auto broker = listening(port).start();
    ASSERT_TRUE(broker);
    const auto page = Client(*port).ask(get("/"));
    EXPECT_EQ(page.status, 200);
    EXPECT_THAT(page.body, HasSubstr("<html"));
}

TEST(Listen, on_the_callers_loop_is_heard_when_it_runs) {
    const auto port = std::make_shared<std::uint16_t>();
    auto builder = listening(port);
    auto broker = builder.with(Threads{0}).start().value();
    int heard = 0;
    const auto bids = broker.subscribe("auction", [&](const Bid&) { ++heard; });
    const auto client = subscribed(*port, "auction");
    ASSERT_EQ(broker.publish("auction", Bid{"ann", 1})->matched, 2U);
    EXPECT_THAT(client->hear().payload, HasSubstr("ann"));  // the server's loops are its own
    EXPECT_EQ(heard, 0);
    EXPECT_TRUE(broker.run_ready());
    EXPECT_EQ(heard, 1);
}

struct NoRudeBids {
    Verdict on_publish(PublishEvent& event) {
        if (event.body().find("rude") == std::string_view::npos) return Verdict::pass();
        ++*refused;
        return Verdict::refuse("mind your language");
    }
    std::shared_ptr<std::atomic<int>> refused = std::make_shared<std::atomic<int>>(0);
};

TEST(Listen, shows_hooks_what_clients_publish_and_takes_their_refusal) {
    const auto port = std::make_shared<std::uint16_t>();
    const NoRudeBids hook;
    auto builder = listening(port);
    auto broker = builder.with(hook).start().value();
    const auto turbine = Client(*port).ask(
        "POST /api/publish HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer no\r\n"
        "Content-Length: 0\r\n\r\n");
    EXPECT_EQ(turbine.status, 401);  // hooks come after the protocol's own rules
    EXPECT_EQ(*hook.refused, 0);

    const auto refused = broker.publish("auction", Bid{"rude", 1});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::forbidden);
    EXPECT_THAT(refused.error().message, HasSubstr("mind your language"));
    EXPECT_EQ(*hook.refused, 1);
}

TEST(Listen, says_why_it_cannot_start) {
    const auto port = std::make_shared<std::uint16_t>();
    const auto first = listening(port).start();
    ASSERT_TRUE(first);
    const auto taken = Builder().with(Listen{.port = *port}).start();
    ASSERT_FALSE(taken);
    EXPECT_EQ(taken.error().kind, ErrorKind::io);

    const auto no_file = Builder().with(Listen{.port = 0, .config_file = "/nowhere.json"}).start();
    ASSERT_FALSE(no_file);
    EXPECT_THAT(no_file.error().message, HasSubstr("/nowhere.json"));

    const auto no_app = Builder().with(Listen{.port = 0, .app = "nobody"}).start();
    ASSERT_FALSE(no_app);
    EXPECT_EQ(no_app.error().kind, ErrorKind::not_found);

    const auto twice = Builder().with(Listen{.port = 0}).with(Listen{.port = 0}).start();
    ASSERT_FALSE(twice);
    EXPECT_EQ(twice.error().kind, ErrorKind::invalid);
}

TEST(Listen, leaves_the_journal_to_its_server) {
    Builder builder;
    const auto started = builder.with(Listen{.port = 0}).with(FileJournal{.path = "data"}).start();
    ASSERT_FALSE(started);
    EXPECT_EQ(started.error().kind, ErrorKind::invalid);
    EXPECT_THAT(started.error().message,
                HasSubstr("FileJournal: with Listen the journal is the server's"));
    auto broker = listening(std::make_shared<std::uint16_t>()).start().value();
    const auto stream = broker.stream<std::string>("t", {.name = "n"});
    ASSERT_NE(stream.error(), nullptr);
    EXPECT_EQ(stream.error()->kind, ErrorKind::unsupported);
}

// A configuration with a journal, in a folder of the test's own.
class JournalledServer {
 public:
    JournalledServer() {
        auto pattern = (std::filesystem::temp_directory_path() / "carillon-XXXXXX").string();
        folder_ = ::mkdtemp(pattern.data());
        std::ofstream(folder_ + "/config.json")
            << R"({"journal": {"path": ")" << folder_ << R"(/journal", "sync_interval_ms": 1,)"
            << R"( "channels": [{"pattern": "kept-*"}]}})";
    }
    ~JournalledServer() { std::filesystem::remove_all(folder_); }
    Broker start() const {
        const Listen listen{.port = 0, .config_file = folder_ + "/config.json"};
        return Builder().with(listen).with(ErrorSink([](const Error&) {})).start().value();
    }

 private:
    std::string folder_;
};

TEST(Listen, keeps_topics_in_the_journal_of_its_server) {
    const JournalledServer server;
    {
        auto broker = server.start();
        EXPECT_TRUE(broker.publish_confirmed("kept-1", Bid{"Ada", 5}).get().value().stored);
        EXPECT_TRUE(broker.publish("kept-1", Bid{"Bob", 6}, Once{1, 1}));
        EXPECT_FALSE(broker.publish_confirmed("other", Bid{"Eve", 7}).get().value().stored);
        auto worker = broker.stream<Bid>("kept-1", {.name = "clerk"});
        EXPECT_EQ(worker.wait()->value().who, "Ada");
        EXPECT_EQ(worker.wait()->value().who, "Bob");
    }
    auto broker = server.start();
    EXPECT_TRUE(broker.publish("kept-1", Bid{"Bob", 6}, Once{1, 1}).value().duplicate);
    auto all = broker.stream<Bid>("kept-1", {.from = From::beginning()});
    EXPECT_EQ(all.wait()->value().who, "Ada");
    auto worker = broker.stream<Bid>("kept-1", {.name = "clerk"});
    EXPECT_EQ(worker.wait()->value().who, "Bob");
    const auto other = broker.stream<Bid>("other", {.name = "clerk"});
    ASSERT_NE(other.error(), nullptr);
    EXPECT_EQ(other.error()->kind, ErrorKind::unsupported);
}

TEST(Listen, refuses_demo_credentials_beyond_loopback) {
    const auto exposed = Builder().with(Listen{.host = "0.0.0.0", .port = 0}).start();
    ASSERT_FALSE(exposed);
    EXPECT_THAT(exposed.error().message, HasSubstr("demo"));
}

}  // namespace
}  // namespace carillon
