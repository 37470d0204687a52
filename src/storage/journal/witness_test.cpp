#include "storage/journal/witness.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "storage/journal/testing_house.h"

namespace carillon::storage {
namespace {

using testing::House;
using testing::patience_ms;

struct Folder {
    Folder() {
        std::string made = std::filesystem::temp_directory_path() / "carillon_witness_XXXXXX";
        EXPECT_NE(::mkdtemp(made.data()), nullptr);
        path = made;
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    ~Folder() { std::filesystem::remove_all(path); }
    std::string witness() const { return path / "witness"; }
    std::filesystem::path path;
};

// What it says next time, when the bytes from `at` on are others.
bool vouches_when_changed(std::streamoff at) {
    const Folder folder;
    {
        Witness witness;
        EXPECT_TRUE(witness.open(folder.witness()));
        witness.begin(5);
        witness.add_one();
    }
    if (at >= 0) {
        std::fstream file(folder.witness(), std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(at).put('!');
    }
    Witness witness;
    EXPECT_TRUE(witness.open(folder.witness()));
    return witness.vouches_for(6);
}

TEST(Witness, vouches_for_as_many_as_it_saw_of_the_same_boot) {
    EXPECT_TRUE(vouches_when_changed(-1));
    EXPECT_FALSE(vouches_when_changed(0));   // it is no witness
    EXPECT_FALSE(vouches_when_changed(10));  // another boot
    EXPECT_FALSE(vouches_when_changed(48));  // another count
}

TEST(Witness, that_was_never_begun_vouches_for_nothing) {
    const Folder folder;
    Witness witness;
    EXPECT_FALSE(witness.vouches_for(0));
    EXPECT_TRUE(witness.open(folder.witness()));
    EXPECT_FALSE(witness.vouches_for(0));
}

TEST(Witness, says_why_it_cannot_be_opened) {
    Witness witness;
    EXPECT_TRUE(witness.open("/proc/nowhere/witness").has_error());
}

struct Watched : House {
    Watched() {
        options.witness_path = folder.witness();
        open();
    }
    std::uint64_t epoch() { return pen("a", 99).position.epoch; }
    Folder folder;
};

TEST(Witness, a_process_that_was_killed_goes_on_under_its_epochs_when_all_was_written) {
    Watched house;
    house.pen("a", 7).write("one");
    ASSERT_TRUE(house.journal->flush(patience_ms));
    house.kill();
    house.open();
    EXPECT_EQ(house.epoch(), 7U);
    house.pen("a").write("two");
    ASSERT_TRUE(house.journal->flush(patience_ms));
    house.kill();
    house.open();
    EXPECT_EQ(house.epoch(), 7U);
    EXPECT_EQ(house.everything("a"), "one two ");
}

TEST(Witness, a_process_that_was_killed_before_all_was_written_does_not) {
    Watched house;
    auto pen = house.pen("a", 7);
    pen.write("one");
    ASSERT_TRUE(house.journal->flush(patience_ms));
    house.disk.write_fails = true;
    pen.write("two");
    house.kill();
    house.open();
    EXPECT_NE(house.epoch(), 7U);
    const auto epoch = house.epoch();
    EXPECT_EQ(house.pen("a").position.offset, 1U);
    house.kill();
    house.open();
    EXPECT_EQ(house.epoch(), epoch);  // nothing was missing since
}

TEST(Witness, that_cannot_be_written_is_told_and_every_epoch_is_new_after_a_crash) {
    House house;
    std::string told;
    house.options.witness_path = "/proc/nowhere/witness";
    house.options.tell = [&told](std::string_view event, const std::string&) { told = event; };
    house.open();
    EXPECT_EQ(told, "journal_witness");
    house.pen("a", 7).write("one");
    ASSERT_TRUE(house.journal->flush(patience_ms));
    house.kill();
    house.open();
    EXPECT_NE(house.pen("a", 99).position.epoch, 7U);
}

}  // namespace
}  // namespace carillon::storage
