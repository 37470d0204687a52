#include "storage/sqlite/inspect.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "storage/sqlite/database.h"
#include "storage/sqlite/testing_place.h"

namespace carillon::storage::sqlite {
namespace {

using base::ErrorKind;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::SqlitePlace;
using testing::StoreHand;

struct Journal {
    Journal() {
        StoreHand store(place);
        const auto a = store.declare("a");
        store.write_numbered(a, 10, 100);
        store.write_numbered(store.declare("b"), 5, 100);
        store.trim(a, 4);
        store.note("k", "v");
        EXPECT_TRUE(store->close());
    }
    const std::string& path() const { return place.options.path; }
    void run(const std::string& sql) const {
        const auto database = Database::open(path(), Database::Mode::create, nullptr);
        ASSERT_TRUE(database.value().run(sql));
    }
    SqlitePlace place;
};

TEST(InspectSqlite, says_what_there_is) {
    const Journal journal;
    const auto found = inspect(journal.path());
    ASSERT_TRUE(found) << found.error().message;
    EXPECT_FALSE(found->in_use);
    EXPECT_EQ(found->format, 2U);
    EXPECT_EQ(found->written, 15U);
    EXPECT_EQ(found->messages, 12U);
    EXPECT_EQ(found->notes, 1U);
    EXPECT_GT(found->bytes, 0U);
    EXPECT_TRUE(found->closed_well);
    ASSERT_EQ(found->channels.size(), 2U);
    EXPECT_EQ(found->channels[0].name, "a");
    EXPECT_EQ(found->channels[0].first, 4U);
    EXPECT_EQ(found->channels[0].last, 10U);
}

TEST(InspectSqlite, looks_at_one_that_is_open) {
    Journal journal;
    StoreHand store(journal.place);
    store.write_numbered(store.declare("a"), 1);
    const auto found = verify(journal.path());
    ASSERT_TRUE(found);
    EXPECT_EQ(found->written, 16U);
    EXPECT_FALSE(found->closed_well);
    EXPECT_TRUE(found->in_use);
    EXPECT_THAT(found->problems, IsEmpty());
    store.write_numbered(store.declare("a"), 1);
}

TEST(InspectSqlite, refuses_what_is_not_there_or_something_else) {
    EXPECT_EQ(inspect("/not/there").error().kind, ErrorKind::not_found);
    const Journal journal;
    journal.run("PRAGMA user_version = 9");
    EXPECT_EQ(inspect(journal.path()).error().kind, ErrorKind::unsupported);
    journal.run("PRAGMA application_id = 9");
    EXPECT_EQ(verify(journal.path()).error().kind, ErrorKind::unsupported);
}

TEST(VerifySqlite, finds_nothing_wrong_with_a_sound_one) {
    const Journal journal;
    const auto found = verify(journal.path());
    ASSERT_TRUE(found);
    EXPECT_THAT(found->problems, IsEmpty());
}

TEST(VerifySqlite, says_which_message_is_missing) {
    const Journal journal;
    journal.run("DELETE FROM messages WHERE channel = 1 AND offset = 7");
    EXPECT_THAT(verify(journal.path())->problems,
                ElementsAre(HasSubstr("channel app/a: message 7 is missing")));
}

TEST(VerifySqlite, finds_messages_of_no_channel_and_ends_that_do_not_fit) {
    const Journal journal;
    journal.run("DELETE FROM channels WHERE id = 2; UPDATE channels SET last = 12");
    EXPECT_THAT(
        verify(journal.path())->problems,
        ElementsAre(HasSubstr("message 11 is missing"), HasSubstr("5 messages belong to no")));
}

TEST(VerifySqlite, finds_damaged_pages) {
    Journal journal;
    {
        StoreHand store(journal.place);
        store.write_numbered(store.declare("a"), 2000, 300);
        ASSERT_TRUE(store->close());
    }
    std::fstream file(journal.path(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(60 * 4096);
    file << std::string(4096, '\x5a');
    file.close();
    const auto found = verify(journal.path());
    ASSERT_TRUE(found) << found.error().message;
    EXPECT_THAT(found->problems, Not(IsEmpty()));
}

}  // namespace
}  // namespace carillon::storage::sqlite
