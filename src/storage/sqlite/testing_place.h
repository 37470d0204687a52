// storage/sqlite/testing_place.h: a folder for the SQLite journals of one test.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>

#include "storage/journal/testing_store_hand.h"
#include "storage/sqlite/sqlite_store.h"

namespace carillon::storage::testing {

struct SqlitePlace final : StorePlace {
    static std::unique_ptr<StorePlace> make(std::uint64_t bytes_max) {
        auto place = std::make_unique<SqlitePlace>();
        place->options.bytes_max = bytes_max;
        return place;
    }
    SqlitePlace() {
        std::string path = std::filesystem::temp_directory_path() / "carillon_sqlite_XXXXXX";
        EXPECT_NE(::mkdtemp(path.data()), nullptr);
        folder = path;
        options.path = folder / "journal.db";
    }
    SqlitePlace(const SqlitePlace&) = delete;
    SqlitePlace& operator=(const SqlitePlace&) = delete;
    ~SqlitePlace() override { std::filesystem::remove_all(folder); }
    std::unique_ptr<Store> store() override { return std::make_unique<SqliteStore>(options); }

    std::filesystem::path folder;
    SqliteOptions options;
};

}  // namespace carillon::storage::testing
