#include "storage/sqlite/sqlite_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "storage/journal/testing_store.h"
#include "storage/sqlite/database.h"
#include "storage/sqlite/testing_place.h"

namespace carillon::storage::testing {

INSTANTIATE_TEST_SUITE_P(Sqlite, StoreTest, ::testing::Values(SqlitePlace::make));
INSTANTIATE_TEST_SUITE_P(Sqlite, BoundedStoreTest, ::testing::Values(SqlitePlace::make));
INSTANTIATE_TEST_SUITE_P(Sqlite, StoreKillTest, ::testing::Values(SqlitePlace::make));

namespace {

using base::ErrorKind;
using ::testing::HasSubstr;

class SqliteStoreTest : public ::testing::Test {
 protected:
    // What stands in the file is changed from outside, as nobody should.
    void run(const std::string& sql) {
        const auto database =
            sqlite::Database::open(place.options.path, sqlite::Database::Mode::create, nullptr);
        ASSERT_TRUE(database);
        const auto done = database.value().run(sql);
        ASSERT_TRUE(done) << done.error().message;
    }
    std::int64_t number(const std::string& sql) {
        const auto database =
            sqlite::Database::open(place.options.path, sqlite::Database::Mode::read_only, nullptr);
        return database.value().number(sql).value_or(-1);
    }
    base::Error refusal() {
        auto opened = place.store()->open();
        EXPECT_FALSE(opened);
        return opened ? base::Error{} : std::move(opened).error();
    }
    // A journal of `count` messages in channel "a", closed.
    void fill(std::uint64_t count, std::size_t body_bytes = 100) {
        StoreHand store(place);
        store.write_numbered(store.declare("a"), count, body_bytes);
        EXPECT_TRUE(store->close());
    }

    SqlitePlace place;
};

TEST_F(SqliteStoreTest, can_be_asked_in_sql_while_it_is_open) {
    StoreHand store(place);
    store.write_numbered(store.declare("a"), 3);
    EXPECT_EQ(number("SELECT count(*) FROM messages JOIN channels ON channels.id = channel "
                     "WHERE name = CAST('a' AS BLOB)"),
              3);
    EXPECT_EQ(number("PRAGMA application_id"), 0x4361724a);
}

TEST_F(SqliteStoreTest, leaves_one_file_and_a_lock_when_it_is_closed) {
    fill(3);
    std::set<std::string> found;
    for (const auto& entry : std::filesystem::directory_iterator(place.folder)) {
        found.insert(entry.path().filename());
    }
    EXPECT_EQ(found, (std::set<std::string>{"journal.db", "journal.db.lock"}));
}

TEST_F(SqliteStoreTest, refuses_what_a_newer_version_wrote) {
    fill(3);
    run("PRAGMA user_version = 3");
    const auto error = refusal();
    EXPECT_EQ(error.kind, ErrorKind::unsupported);
    EXPECT_THAT(error.message, HasSubstr("newer version"));
    run("PRAGMA user_version = 2");
    StoreHand store(place);
    EXPECT_EQ(store.found().written, 3U);
}

TEST_F(SqliteStoreTest, refuses_another_programs_file_and_leaves_it_alone) {
    run("CREATE TABLE theirs(x); INSERT INTO theirs VALUES(5)");
    EXPECT_EQ(refusal().kind, ErrorKind::unsupported);
    EXPECT_EQ(number("SELECT x FROM theirs"), 5);
    EXPECT_EQ(number("SELECT count(*) FROM sqlite_schema"), 1);
    std::filesystem::remove(place.options.path);
    std::ofstream(place.options.path) << std::string(5000, 'x');
    EXPECT_EQ(refusal().kind, ErrorKind::unsupported);
    EXPECT_EQ(std::filesystem::file_size(place.options.path), 5000U);
}

TEST_F(SqliteStoreTest, says_io_where_there_is_no_folder) {
    place.options.path = place.folder / "not there" / "journal.db";
    EXPECT_EQ(refusal().kind, ErrorKind::io);
}

// As format 1 left it: no channel knows where it ends.
TEST_F(SqliteStoreTest, migrates_what_an_older_version_wrote) {
    run(R"sql(
        PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL;
        CREATE TABLE channels(id INTEGER PRIMARY KEY, app BLOB NOT NULL, name BLOB NOT NULL,
            epoch INTEGER NOT NULL, first INTEGER NOT NULL DEFAULT 1, UNIQUE(app, name));
        CREATE TABLE messages(serial INTEGER PRIMARY KEY, channel INTEGER NOT NULL,
            offset INTEGER NOT NULL, unix_ms INTEGER NOT NULL, kind INTEGER NOT NULL,
            event BLOB NOT NULL, member BLOB NOT NULL, publisher INTEGER, sequence INTEGER,
            body BLOB NOT NULL);
        CREATE UNIQUE INDEX messages_of ON messages(channel, offset);
        CREATE TABLE notes(key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
        CREATE TABLE journal(closed_well INTEGER NOT NULL);
        INSERT INTO journal VALUES(1);
        INSERT INTO channels VALUES(1, x'617070', x'61', 9, 2), (2, x'617070', x'62', 8, 4);
        INSERT INTO messages VALUES(2, 1, 2, 100, 0, x'', x'', NULL, NULL, x'322074776f'),
                                   (3, 1, 3, 200, 1, x'65', x'', 5, 6, x'33207468726565');
        INSERT INTO notes VALUES(x'6b', x'76');
        PRAGMA application_id = 0x4361724a; PRAGMA user_version = 1;
    )sql");
    StoreHand store(place);
    ASSERT_EQ(store.found().repairs.size(), 1U);
    EXPECT_THAT(store.found().repairs[0], HasSubstr("from format 1 to 2"));
    EXPECT_TRUE(store.found().closed_well);
    EXPECT_EQ(store.found().notes.at("k"), "v");
    const auto* a = store.found("app", "a");
    ASSERT_NE(a, nullptr);
    EXPECT_EQ(a->epoch, 9U);
    EXPECT_EQ(a->first, 2U);
    EXPECT_EQ(a->last, 3U);
    EXPECT_EQ(a->bytes, 12U);
    EXPECT_EQ(a->oldest_ms, 100);
    EXPECT_EQ(store.found("app", "b")->last, 3U);
    EXPECT_EQ(store.found("app", "b")->first, 4U);
    store.write_numbered(a->id, 1);
    EXPECT_EQ(store.bodies(a->id, 2, 4),
              (std::vector<std::string>{"2 two", "3 three", "4 ......"}));
    store.close_and_open();
    EXPECT_TRUE(store.found().repairs.empty());
}

TEST_F(SqliteStoreTest, says_where_a_message_is_missing) {
    fill(100);
    run("DELETE FROM messages WHERE offset = 50");
    StoreHand store(place);
    const auto id = store.declare("a");
    EXPECT_EQ(store.refusal(id, 50, 60), ErrorKind::invalid);
    // What is before it is read as ever.
    std::vector<hub::Kept> into;
    ASSERT_TRUE(store->read(id, 7, 45, 60, SIZE_MAX, into));
    EXPECT_EQ(into.size(), 5U);
    const auto done = store->read(id, 7, 50, 60, SIZE_MAX, into);
    ASSERT_FALSE(done);
    EXPECT_THAT(done.error().message, HasSubstr("message 50 of channel 1"));
    store.expect_whole(id, 51, 100);
}

TEST_F(SqliteStoreTest, refuses_a_damaged_file) {
    fill(2000);
    const auto size = std::filesystem::file_size(place.options.path);
    std::fstream file(place.options.path, std::ios::in | std::ios::out | std::ios::binary);
    for (std::uintmax_t at = 4096; at < size; at += 4096) {
        file.seekp(static_cast<std::streamoff>(at));
        file << std::string(64, '\xff');
    }
    file.close();
    EXPECT_EQ(refusal().kind, ErrorKind::invalid);
}

TEST_F(SqliteStoreTest, refuses_a_file_that_was_cut) {
    fill(2000);
    std::filesystem::resize_file(place.options.path, 3 * 4096);
    EXPECT_EQ(refusal().kind, ErrorKind::invalid);
}

TEST_F(SqliteStoreTest, keeps_its_log_short_whatever_is_written) {
    place.options.bytes_max = 8 * limits::mib;  // 2 MiB of log
    StoreHand store(place);
    const auto id = store.declare("a");
    for (int round = 0; round < 100; ++round) {
        store.write_numbered(id, 100, 1000);
        EXPECT_LT(std::filesystem::file_size(place.options.path + "-wal"), 3 * limits::mib);
    }
}

TEST_F(SqliteStoreTest, removes_a_long_past_in_steps) {
    StoreHand store(place);
    const auto id = store.declare("a");
    for (int round = 0; round < 10; ++round) store.write_numbered(id, 1000, 300);
    const auto full = store->usage().bytes;
    store.trim(id, 9901);
    EXPECT_EQ(store->usage().messages, 100U);
    EXPECT_EQ(number("SELECT count(*) FROM messages"), 9000);
    EXPECT_EQ(store.refusal(id, 9900, 9950), ErrorKind::not_found);
    ASSERT_TRUE(store->tidy());
    EXPECT_EQ(number("SELECT count(*) FROM messages"), 8000);
    store.open();  // what is left of them is found again
    EXPECT_EQ(store->usage().messages, 100U);
    for (int step = 0; step < 12; ++step) ASSERT_TRUE(store->tidy());
    EXPECT_EQ(number("SELECT count(*) FROM messages"), 100);
    store.expect_whole(id, 9901, 10000);
    store.close_and_open();
    EXPECT_EQ(store.found("app", "a")->bytes, 100U * 300);
    EXPECT_LT(store->usage().bytes, full / 2);  // and the file became smaller
}

// What is evicted first has no place in its channel any more.
TEST_F(SqliteStoreTest, does_not_take_the_rest_of_a_trimmed_past_for_the_oldest_messages) {
    place.options.bytes_max = limits::mib;
    StoreHand store(place);
    const auto id = store.declare("a");
    for (int round = 0; round < 5; ++round) store.write_numbered(id, 1000, 300);
    store.trim(id, 4901);
    const auto lost = store->tidy();
    ASSERT_TRUE(lost);
    EXPECT_TRUE(lost.value().empty());
    EXPECT_EQ(store->usage().messages, 100U);
    EXPECT_EQ(store.refusal(id, 4900, 4900), ErrorKind::not_found);
    store.expect_whole(id, 4901, 5000);
}

}  // namespace
}  // namespace carillon::storage::testing
