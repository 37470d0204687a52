#include "storage/journal/testing_memory_store.h"
#include "storage/journal/testing_store.h"

namespace carillon::storage::testing {
namespace {

struct MemoryPlace final : StorePlace {
    static std::unique_ptr<StorePlace> make(std::uint64_t bytes_max) {
        auto place = std::make_unique<MemoryPlace>();
        place->disk.bytes_max = bytes_max;
        return place;
    }
    std::unique_ptr<Store> store() override { return std::make_unique<MemoryStore>(disk); }
    MemoryDisk disk;
};

INSTANTIATE_TEST_SUITE_P(Memory, StoreTest, ::testing::Values(MemoryPlace::make));
INSTANTIATE_TEST_SUITE_P(Memory, BoundedStoreTest, ::testing::Values(MemoryPlace::make));

struct Desk {
    MemoryPlace place;
    StoreHand store{place};
    std::uint32_t id = store.declare("a");
};

TEST(MemoryStore, loses_what_was_not_synced_in_a_crash_of_the_machine) {
    Desk desk;
    desk.store.write_numbered(desk.id, 3);
    ASSERT_TRUE(desk.store->sync());
    desk.store.write_numbered(desk.id, 3);
    desk.store.note("k", "v");
    EXPECT_EQ(desk.place.disk.unsynced(), 4U);
    desk.store.leave();
    desk.place.disk.crash(2);
    desk.store.open();
    EXPECT_EQ(desk.store.found().written, 5U);
    EXPECT_TRUE(desk.store.found().notes.empty());
    desk.store.expect_whole(desk.id, 1, 5);
}

TEST(MemoryStore, fails_when_it_is_told_to) {
    Desk desk;
    desk.store.write_numbered(desk.id, 1);
    desk.place.disk.write_fails = true;
    EXPECT_FALSE(desk.store.try_write({{desk.id, {"x"}}}));
    desk.place.disk.write_fails = false;
    desk.place.disk.sync_fails = true;
    EXPECT_FALSE(desk.store->sync());
    desk.place.disk.sync_fails = false;
    desk.place.disk.read_fails = true;
    desk.place.disk.error = base::ErrorKind::invalid;
    EXPECT_EQ(desk.store.refusal(desk.id, 1, 1), base::ErrorKind::invalid);
    desk.place.disk.read_fails = false;
    EXPECT_EQ(desk.store->usage().messages, 1U);
}

}  // namespace
}  // namespace carillon::storage::testing
