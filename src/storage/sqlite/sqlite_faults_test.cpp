// What SqliteStore makes of a disk that is full, that fails, and whose machine loses its power.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.h"
#include "storage/journal/testing_store_hand.h"
#include "storage/sqlite/testing_disk.h"
#include "storage/sqlite/testing_place.h"

namespace carillon::storage::testing {
namespace {

using base::ErrorKind;

class SqliteFaults : public ::testing::Test {
 protected:
    SqliteFaults() { place.options.vfs = Disk::name; }
    Disk& disk = Disk::fresh();
    SqlitePlace place;
};

TEST_F(SqliteFaults, a_full_disk_refuses_a_group_whole_and_takes_it_later) {
    StoreHand store(place);
    const auto id = store.declare("a");
    store.write_numbered(id, 3);
    const Note note{"k", "v"};
    for (const auto code : {SQLITE_FULL, SQLITE_IOERR_WRITE}) {
        disk.write_code = code;
        const auto refused = store.try_write({{id, {"x"}}, {id, {"y"}}}, {&note, 1});
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().kind, ErrorKind::io);
        EXPECT_EQ(store->usage().messages, 3U);
        EXPECT_EQ(store.refusal(id, 4, 4), ErrorKind::not_found);
        store.expect_whole(id, 1, 3);
    }
    disk.write_code = SQLITE_OK;
    store.write_numbered(id, 2);
    store.open();
    EXPECT_TRUE(store.found().notes.empty());
    EXPECT_EQ(store.found().written, 5U);
    store.expect_whole(id, 1, 5);
}

// Larger than what SQLite holds in memory: a part of the group is in the log when the disk fails.
TEST_F(SqliteFaults, a_large_group_that_fails_halfway_leaves_nothing) {
    StoreHand store(place);
    const auto id = store.declare("a");
    store.write_numbered(id, 3);
    std::vector<std::pair<std::uint32_t, Draft>> large(
        20, {id, {.body = std::string(limits::mib, 'x')}});
    disk.writes_left = 3000;
    const auto refused = store.try_write(large);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::io);
    disk.writes_left = INT64_MAX;
    EXPECT_EQ(store.refusal(id, 4, 4), ErrorKind::not_found);
    store.write_numbered(id, 1);
    store.open();
    EXPECT_EQ(store.found().written, 4U);
    store.expect_whole(id, 1, 4);
}

TEST_F(SqliteFaults, nothing_is_written_after_a_failed_sync) {
    StoreHand store(place);
    const auto id = store.declare("a");
    store.write_numbered(id, 3);
    disk.sync_code = SQLITE_IOERR_FSYNC;
    const auto synced = store->sync();
    ASSERT_FALSE(synced);
    EXPECT_EQ(synced.error().kind, ErrorKind::internal);
    disk.sync_code = SQLITE_OK;
    EXPECT_FALSE(store->sync());  // the next one would say that all is well
    const auto refused = store.try_write({{id, {"x"}}});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::internal);
    EXPECT_FALSE(store->close());
    store.expect_whole(id, 1, 3);  // what is there can be read
}

// The log is full, and on its way into the database a sync fails: what was committed may be lost, and
// who syncs next must hear of it.
TEST_F(SqliteFaults, a_sync_that_fails_inside_a_checkpoint_is_not_forgotten) {
    place.options.bytes_max = limits::mib;
    StoreHand store(place);
    const auto id = store.declare("a");
    disk.sync_code = SQLITE_IOERR_FSYNC;
    for (int round = 0; round < 10 && store.try_write({{id, {.body = std::string(100'000, 'x')}}});
         ++round) {
    }
    disk.sync_code = SQLITE_OK;
    EXPECT_FALSE(store->sync());
}

TEST_F(SqliteFaults, a_checkpoint_that_finds_no_room_is_tried_again) {
    place.options.bytes_max = limits::mib;
    StoreHand store(place);
    const auto id = store.declare("a");
    disk.database_is_full = true;
    for (int round = 0; round < 10; ++round) store.write_numbered(id, 10, 10'000);
    EXPECT_TRUE(store->sync());
    disk.database_is_full = false;
    const auto log = place.options.path + "-wal";
    const auto longest = std::filesystem::file_size(log);
    for (int round = 0; round < 20; ++round) store.write_numbered(id, 10, 10'000);
    EXPECT_LE(std::filesystem::file_size(log), longest + limits::mib);
    store.expect_whole(id, 1, 300);
}

TEST_F(SqliteFaults, costs_one_sync_of_the_disk_to_sync_and_none_to_write) {
    StoreHand store(place);
    const auto id = store.declare("a");
    ASSERT_TRUE(store->sync());
    const int before = disk.syncs;
    for (int round = 0; round < 10; ++round) store.write_numbered(id, 10);
    EXPECT_EQ(disk.syncs, before);
    ASSERT_TRUE(store->sync());
    EXPECT_EQ(disk.syncs, before + 1);
}

// Whatever of the unsynced writes reached the disk, in whatever order: what was there at the last sync
// is there, and what there is beyond it is a prefix.
TEST_F(SqliteFaults, has_after_a_power_cut_all_that_was_synced_and_a_prefix_of_the_rest) {
    std::mt19937_64 random(3);
    place.options.bytes_max = 8 * limits::mib;
    StoreHand store(place);
    const auto id = store.declare("a");
    std::uint64_t beyond = 0;
    for (int round = 0; round < 60; ++round) {
        for (auto groups = random() % 8; groups > 0; --groups) {
            store.write_numbered(id, 1 + random() % 50, random() % 3000);
        }
        ASSERT_TRUE(store->sync());
        const auto synced = store.next(id) - 1;
        for (auto groups = random() % 8; groups > 0; --groups) {
            store.write_numbered(id, 1 + random() % 50, random() % 3000);
            store.note("reached", std::to_string(store.next(id) - 1));
        }
        SqlitePlace after;
        disk.copy_after_power_cut(after.folder, random);
        StoreHand found(after);
        EXPECT_FALSE(found.found().closed_well);
        const auto* a = found.found("app", "a");
        ASSERT_NE(a, nullptr);
        ASSERT_GE(a->last, synced);
        ASSERT_LT(a->last, store.next(id));
        found.expect_whole(id, a->first, a->last);
        const auto reached = found.found().notes.find("reached");
        if (reached != found.found().notes.end()) {
            EXPECT_LE(std::stoull(reached->second), a->last);
        }
        beyond += a->last - synced;
        if (HasFailure()) return;
    }
    EXPECT_GT(beyond, 0U);  // some of what was not synced survived, now and then
}

}  // namespace
}  // namespace carillon::storage::testing
