#include "hub/testing_history.h"
#include "storage/journal/testing_history_place.h"
#include "storage/journal/testing_memory_store.h"

namespace carillon::hub::testing {
namespace {

using storage::testing::JournalPlace;

struct DiskPlace final : storage::testing::StorePlace {
    static std::unique_ptr<StorePlace> make(std::uint64_t) { return std::make_unique<DiskPlace>(); }
    std::unique_ptr<storage::Store> store() override {
        return std::make_unique<storage::testing::MemoryStore>(disk);
    }
    storage::testing::MemoryDisk disk;
};

INSTANTIATE_TEST_SUITE_P(Journal, HistoryTest,
                         ::testing::Values(JournalPlace::make<DiskPlace::make>));

}  // namespace
}  // namespace carillon::hub::testing
