#include "hub/batch.h"

#include <gtest/gtest.h>

#include <string>

namespace carillon::hub {
namespace {

void frame(Batch& batch, std::uint64_t number, std::string_view bytes) {
    batch.bytes.append(bytes);
    batch.close_frame(number);
}

TEST(Batch, finds_the_first_frame_after_a_number) {
    BatchPool pool;
    Batch* batch = pool.take(10);
    for (const std::uint64_t number : {3, 5, 9}) frame(*batch, number, "x");
    EXPECT_EQ(batch->first_after(0), 0U);
    EXPECT_EQ(batch->first_after(2), 0U);
    EXPECT_EQ(batch->first_after(3), 1U);
    EXPECT_EQ(batch->first_after(4), 1U);
    EXPECT_EQ(batch->first_after(5), 2U);
    EXPECT_EQ(batch->first_after(9), 3U);
    pool.drop(batch);
}

TEST(Batch, shows_the_bytes_of_a_range_of_frames) {
    BatchPool pool;
    Batch* batch = pool.take(10);
    frame(*batch, 1, "one");
    frame(*batch, 2, "two");
    frame(*batch, 3, "three");
    EXPECT_EQ(batch->view(0, 1), "one");
    EXPECT_EQ(batch->view(1, 3), "twothree");
    EXPECT_EQ(batch->view(2, 2), "");
    pool.drop(batch);
}

TEST(BatchPool, counts_what_lives_and_forgets_it_with_the_last_holder) {
    BatchPool pool;
    Batch* batch = pool.take(100);
    EXPECT_EQ(pool.live_batches(), 1U);
    EXPECT_GE(pool.live_bytes(), 100U);
    frame(*batch, 1, std::string(5000, 'x'));
    pool.charge(*batch);
    EXPECT_GE(pool.live_bytes(), 5000U);
    pool.hold(*batch);
    pool.drop(batch);
    EXPECT_EQ(pool.live_batches(), 1U);
    pool.drop(batch);
    EXPECT_EQ(pool.live_batches(), 0U);
    EXPECT_EQ(pool.live_bytes(), 0U);
}

TEST(BatchPool, counts_growth_that_nobody_charged_when_the_batch_comes_back) {
    BatchPool pool;
    Batch* small = pool.take(10);
    frame(*small, 1, std::string(100'000, 'x'));
    pool.drop(small);
    EXPECT_EQ(pool.live_bytes(), 0U);
    Batch* again = pool.take(50'000);
    EXPECT_EQ(again, small);  // it came back to the shelf of its new size
    EXPECT_TRUE(again->bytes.empty());
    EXPECT_TRUE(again->frames.empty());
    EXPECT_GE(pool.live_bytes(), 100'000U);
    pool.drop(again);
    EXPECT_EQ(pool.live_bytes(), 0U);
}

TEST(BatchPool, gives_back_what_a_sealed_batch_does_not_use) {
    BatchPool pool;
    Batch* batch = pool.take(64 * 1024);
    frame(*batch, 1, "tiny");
    pool.charge(*batch);
    pool.trim(*batch);
    EXPECT_LT(pool.live_bytes(), 1024U);
    EXPECT_EQ(batch->view(0, 1), "tiny");
    pool.drop(batch);
}

TEST(BatchPool, keeps_a_bounded_number_of_idle_bytes) {
    BatchPool pool;
    std::vector<Batch*> batches;
    for (int i = 0; i < 20; ++i) {
        batches.push_back(pool.take(1 << 20));
        frame(*batches.back(), 1, std::string(1 << 20, 'x'));
    }
    for (auto* batch : batches) pool.drop(batch);
    EXPECT_EQ(pool.live_batches(), 0U);
    EXPECT_LE(pool.idle_bytes(), 8U << 20);
    EXPECT_GE(pool.idle_bytes(), 6U << 20);
}

}  // namespace
}  // namespace carillon::hub
