#include <unistd.h>

#include <filesystem>

#include "hub/testing_history.h"
#include "storage/file/file_store.h"
#include "storage/journal/testing_history_place.h"

namespace carillon::hub::testing {
namespace {

using storage::testing::JournalPlace;

// Segments so small that a test fills several.
struct FolderPlace final : storage::testing::StorePlace {
    static std::unique_ptr<StorePlace> make(std::uint64_t) {
        return std::make_unique<FolderPlace>();
    }
    FolderPlace() {
        std::string made = std::filesystem::temp_directory_path() / "carillon_history_XXXXXX";
        EXPECT_NE(::mkdtemp(made.data()), nullptr);
        folder = made;
    }
    FolderPlace(const FolderPlace&) = delete;
    FolderPlace& operator=(const FolderPlace&) = delete;
    ~FolderPlace() override { std::filesystem::remove_all(folder); }
    std::unique_ptr<storage::Store> store() override {
        return std::make_unique<storage::FileStore>(
            storage::FileStoreOptions{.path = folder / "journal", .segment_bytes = 64 * 1024});
    }
    std::filesystem::path folder;
};

INSTANTIATE_TEST_SUITE_P(File, HistoryTest,
                         ::testing::Values(JournalPlace::make<FolderPlace::make>));

}  // namespace
}  // namespace carillon::hub::testing
