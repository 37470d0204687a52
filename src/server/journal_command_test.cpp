#include "server/journal_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <filesystem>
#include <fstream>

#include "server/testing_journal.h"
#include "storage/file/file_store.h"
#include "storage/sqlite/sqlite_store.h"

namespace carillon::server {
namespace {

namespace json = boost::json;
using testing::Folder;
using ::testing::HasSubstr;

using Args = std::vector<std::string>;

enum class Driver : unsigned char { file, sqlite };

// Ten messages in shop/orders, a second from each other and the last just now, and five in shop/other.
constexpr Now now{.steady_ns = 0, .unix_ms = 1'700'000'000'000};

class JournalCommand : public ::testing::TestWithParam<Driver> {
 protected:
    JournalCommand() { fill(); }
    std::unique_ptr<storage::Store> store() const {
        if (GetParam() == Driver::sqlite) {
            return std::make_unique<storage::SqliteStore>(storage::SqliteOptions{.path = path});
        }
        storage::FileStoreOptions options;
        options.path = path;
        return std::make_unique<storage::FileStore>(std::move(options));
    }
    void fill() const {
        const auto made = store();
        ASSERT_TRUE(made->open());
        std::vector<hub::PublicationRef> publications;
        std::vector<storage::Write> writes;
        for (const auto& [name, count] : {std::pair("orders", 10U), std::pair("other", 5U)}) {
            const auto id = made->declare("shop", name, 0xabc).value();
            for (std::uint64_t offset = 1; offset <= count; ++offset) {
                publications.push_back(hub::Publication::make({.body = std::to_string(offset)}));
                writes.push_back({id, offset, now.unix_ms - 1000 * static_cast<int>(count - offset),
                                  publications.back().get()});
            }
        }
        ASSERT_TRUE(made->write(writes, {}));
        ASSERT_TRUE(made->close());
    }
    JournalAnswer run(std::vector<std::string> args) const {
        args.insert(args.begin() + 1, path);
        const auto request = parse_journal_request(args);
        EXPECT_TRUE(request.has_value()) << request.error().message;
        return answer_journal_request(*request, now);
    }
    // As the next server finds it.
    storage::Contents found() const {
        const auto opened = store();
        return opened->open().value();
    }
    std::uint64_t first(std::string_view name) const {
        for (const auto& channel : found().channels) {
            if (channel.name == name) return channel.first;
        }
        return 0;
    }

    Folder folder;
    std::string path = folder.path / "journal";
};
INSTANTIATE_TEST_SUITE_P(Drivers, JournalCommand, ::testing::Values(Driver::file, Driver::sqlite));

TEST_P(JournalCommand, shows_people_a_table) {
    const auto answer = run({"inspect"});
    EXPECT_EQ(answer.exit_code, 0) << answer.notes;
    EXPECT_THAT(answer.text, HasSubstr(" journal, closed\n"));
    EXPECT_THAT(answer.text, HasSubstr("15 messages kept of 15 ever written, in 2 channels"));
    EXPECT_THAT(answer.text, ::testing::ContainsRegex("\nshop/orders +1 +10 +10 +[0-9]+ +abc\n"));
    EXPECT_EQ(answer.notes, "");
}

TEST_P(JournalCommand, shows_programs_json) {
    const auto text = run({"inspect", "--json"}).text;
    const auto root = json::parse(text).as_object();
    EXPECT_EQ(root.at("driver"), GetParam() == Driver::file ? "file" : "sqlite");
    EXPECT_EQ(root.at("written"), 15);
    EXPECT_EQ(root.at("closed_well"), true);
    EXPECT_EQ(root.at("channels").as_array().size(), 2U);
    const auto& orders = root.at("channels").as_array()[0].as_object();
    EXPECT_EQ(orders.at("app"), "shop");
    EXPECT_EQ(orders.at("name"), "orders");
    EXPECT_EQ(orders.at("epoch"), "abc");
    EXPECT_EQ(orders.at("first"), 1);
    EXPECT_EQ(orders.at("last"), 10);
    EXPECT_EQ(orders.at("messages"), 10);
    EXPECT_TRUE(root.at("problems").as_array().empty());
}

TEST_P(JournalCommand, verifies_a_sound_one) {
    const auto answer = run({"verify"});
    EXPECT_EQ(answer.exit_code, 0);
    EXPECT_THAT(answer.text, HasSubstr("all of it can be read"));
}

// The bytes of every message, wherever they are, are turned over.
TEST_P(JournalCommand, finds_what_is_damaged) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder.path)) {
        if (!entry.is_regular_file() || entry.file_size() < 300) continue;
        std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
        const auto middle = static_cast<std::streamoff>(entry.file_size() / 2);
        for (std::streamoff at = middle; at < middle + 100; ++at) {
            file.seekg(at);
            const auto byte = static_cast<char>(file.get() ^ 0x55);
            file.seekp(at);
            file.put(byte);
        }
    }
    const auto answer = run({"verify"});
    EXPECT_EQ(answer.exit_code, 1) << answer.notes;
    EXPECT_THAT(answer.text, HasSubstr("problem: "));
    const auto root = json::parse(run({"verify", "--json"}).text);
    EXPECT_FALSE(root.at("problems").as_array().empty());
}

TEST_P(JournalCommand, lets_go_of_what_is_before_an_offset) {
    const auto answer = run({"trim", "--channel", "shop/orders", "--before", "4"});
    EXPECT_EQ(answer.exit_code, 0) << answer.notes;
    EXPECT_EQ(answer.text, "3 messages of 1 channels let go\n");
    EXPECT_EQ(first("orders"), 4U);
    EXPECT_EQ(first("other"), 1U);
}

TEST_P(JournalCommand, lets_go_of_nothing_that_was_never_there) {
    EXPECT_EQ(run({"trim", "--channel", "shop/orders", "--before", "1000"}).text,
              "10 messages of 1 channels let go\n");
    EXPECT_EQ(first("orders"), 11U);
    EXPECT_EQ(run({"trim", "--channel", "shop/orders", "--before", "3"}).text,
              "0 messages of 0 channels let go\n");
    EXPECT_EQ(first("orders"), 11U);
}

TEST_P(JournalCommand, lets_go_of_what_is_older) {
    EXPECT_EQ(run({"trim", "--older-than", "2s"}).text, "9 messages of 2 channels let go\n");
    EXPECT_EQ(first("orders"), 8U);
    EXPECT_EQ(first("other"), 3U);
    EXPECT_EQ(run({"trim", "--older-than", "0s", "--channel", "shop/other"}).text,
              "2 messages of 1 channels let go\n");
    EXPECT_EQ(first("orders"), 8U);
    EXPECT_EQ(first("other"), 5U);
}

TEST_P(JournalCommand, says_which_channel_there_is_not) {
    const auto answer = run({"trim", "--channel", "shop/none", "--before", "4"});
    EXPECT_EQ(answer.exit_code, 2);
    EXPECT_THAT(answer.notes, HasSubstr("no such channel"));
}

// Whether a crash lost something, the next server decides: trimming must not hide that there was one.
TEST_P(JournalCommand, leaves_one_that_was_not_closed_as_not_closed) {
    EXPECT_TRUE(found().closed_well);  // and leaves it open
    run({"trim", "--channel", "shop/orders", "--before", "4"});
    EXPECT_FALSE(found().closed_well);
}

TEST_P(JournalCommand, leaves_one_that_was_closed_as_closed) {
    run({"trim", "--channel", "shop/orders", "--before", "4"});
    EXPECT_TRUE(found().closed_well);
}

TEST_P(JournalCommand, looks_at_one_in_use_but_does_not_trim_it) {
    const auto server = store();
    ASSERT_TRUE(server->open());
    EXPECT_THAT(run({"inspect"}).text, HasSubstr(" journal, in use\n"));
    EXPECT_EQ(run({"verify"}).exit_code, 0);
    for (const Args& args : {Args{"trim", "--channel", "shop/orders", "--before", "4"},
                             Args{"trim", "--older-than", "0s"}}) {
        const auto answer = run(args);
        EXPECT_EQ(answer.exit_code, 2);
        EXPECT_THAT(answer.notes, HasSubstr("open"));
    }
    ASSERT_TRUE(server->close());
}

TEST_P(JournalCommand, repairs_what_can_be) {
    const auto answer = run({"trim", "--repair"});
    if (GetParam() == Driver::sqlite) {
        EXPECT_EQ(answer.exit_code, 2);
        EXPECT_THAT(answer.notes, HasSubstr(".recover"));
    } else {
        EXPECT_EQ(answer.exit_code, 0) << answer.notes;
        EXPECT_EQ(answer.text, "there was nothing to repair\n");
    }
}

TEST(JournalCommandOfNothing, makes_no_journal) {
    const Folder folder;
    const std::string path = folder.path / "none";
    for (const auto& verb : {"inspect", "verify"}) {
        const auto answer =
            answer_journal_request(parse_journal_request({verb, path}).value(), now);
        EXPECT_EQ(answer.exit_code, 2);
        EXPECT_THAT(answer.notes, HasSubstr("there is no such file"));
    }
    const auto trim = parse_journal_request({"trim", path, "--older-than", "0s"});
    EXPECT_EQ(answer_journal_request(trim.value(), now).exit_code, 2);
    EXPECT_TRUE(std::filesystem::is_empty(folder.path));
}

TEST(JournalCommandOfNothing, helps) {
    const auto answer = answer_journal_request(parse_journal_request({"--help"}).value(), now);
    EXPECT_EQ(answer.exit_code, 0);
    EXPECT_THAT(answer.text, HasSubstr("carillon journal inspect PATH"));
}

}  // namespace
}  // namespace carillon::server
