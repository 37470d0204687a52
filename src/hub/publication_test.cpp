#include "hub/publication.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

namespace carillon::hub {
namespace {

TEST(Publication, copies_its_parts_and_keeps_them_apart) {
    std::string body(1000, 'b');
    const auto publication = Publication::make({.kind = Kind::joined,
                                                .body_kind = BodyKind::binary,
                                                .event = "event",
                                                .member = "ann",
                                                .body = body,
                                                .origin = {7},
                                                .exclude = {8}});
    body.assign(1000, 'x');
    EXPECT_EQ(publication->kind(), Kind::joined);
    EXPECT_EQ(publication->body_kind(), BodyKind::binary);
    EXPECT_EQ(publication->event(), "event");
    EXPECT_EQ(publication->member(), "ann");
    EXPECT_EQ(publication->body(), std::string(1000, 'b'));
    EXPECT_EQ(publication->origin(), SessionId{7});
    EXPECT_EQ(publication->exclude(), SessionId{8});
    EXPECT_EQ(publication->inbox_bytes(), Publication::item_overhead_bytes + 5 + 3 + 1000);
}

TEST(Publication, may_be_empty) {
    const auto publication = Publication::make({});
    EXPECT_EQ(publication->event(), "");
    EXPECT_EQ(publication->body(), "");
    EXPECT_FALSE(publication->exclude());
    EXPECT_EQ(publication->inbox_bytes(), Publication::item_overhead_bytes);
}

TEST(Publication, is_shared_by_threads_and_freed_by_the_last) {
    auto publication = Publication::make({.body = "shared"});
    std::vector<std::jthread> threads;
    threads.reserve(4);
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([copy = publication] {
            for (int i = 0; i < 1000; ++i) {
                PublicationRef another;
                another = copy;
                EXPECT_EQ(another->body(), "shared");
            }
        });
    }
    publication.reset();
}

TEST(SessionId, names_its_lane_in_the_low_bits) {
    EXPECT_EQ(SessionId{0x1234567890abcd07}.lane(), 7U);
    EXPECT_FALSE(SessionId{});
}

}  // namespace
}  // namespace carillon::hub
