#include "http/client_address.h"

#include <gtest/gtest.h>

namespace carillon::http {
namespace {

constexpr std::string_view peer = "192.0.2.99";

std::string_view from(std::vector<Header> headers, std::uint32_t hops) {
    static Request request;  // the answer borrows from it
    request.headers = std::move(headers);
    return client_address(peer, request, hops);
}

std::string_view from(std::string forwarded, std::uint32_t hops) {
    return from(std::vector<Header>{{"x-forwarded-for", std::move(forwarded)}}, hops);
}

TEST(ClientAddress, is_the_peer_where_no_proxy_is_trusted) {
    EXPECT_EQ(from("198.51.100.1", 0), peer);
    EXPECT_EQ(from(std::vector<Header>{}, 0), peer);
}

TEST(ClientAddress, is_counted_from_the_right_so_that_nobody_can_invent_one) {
    EXPECT_EQ(from("6.6.6.6, 198.51.100.1", 1), "198.51.100.1");
    EXPECT_EQ(from("6.6.6.6, 198.51.100.1,10.0.0.1", 2), "198.51.100.1");
}

TEST(ClientAddress, counts_over_all_lines_of_the_header) {
    const std::vector<Header> lines{{"X-Forwarded-For", "6.6.6.6, 198.51.100.1"},
                                    {"Host", "x"},
                                    {"X-FORWARDED-FOR", "10.0.0.1"}};
    EXPECT_EQ(from(lines, 1), "10.0.0.1");
    EXPECT_EQ(from(lines, 2), "198.51.100.1");
}

TEST(ClientAddress, is_the_leftmost_where_fewer_proxies_spoke_than_are_trusted) {
    EXPECT_EQ(from("198.51.100.1", 3), "198.51.100.1");
    EXPECT_EQ(from(std::vector<Header>{}, 3), peer);
}

TEST(ClientAddress, falls_back_to_the_peer_where_the_entry_is_none) {
    for (const auto* entry : {"unknown", "_hidden", "198.51.100", "198.51.100.1.1", "[::1", "[]",
                              "[", ":", "x:1", "::1::2", "198.51.100.1 198.51.100.2",
                              "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0001"}) {
        EXPECT_EQ(from(entry, 1), peer) << entry;
    }
    EXPECT_EQ(from("198.51.100.1, unknown", 1), peer);
}

TEST(ClientAddress, leaves_out_the_port_that_some_proxies_append) {
    EXPECT_EQ(from("198.51.100.1:4711", 1), "198.51.100.1");
    EXPECT_EQ(from("[2001:db8::1]:4711", 1), "2001:db8::1");
    EXPECT_EQ(from("[2001:db8::1]", 1), "2001:db8::1");
    EXPECT_EQ(from("2001:db8::1", 1), "2001:db8::1");
}

TEST(ClientKey, is_the_whole_address_in_ipv4_and_the_first_half_in_ipv6) {
    EXPECT_FALSE(client_key("192.0.2.1") == client_key("192.0.2.2"));
    EXPECT_EQ(client_key("2001:db8:1:2::1"), client_key("2001:DB8:1:2:ffff:ffff:ffff:ffff"));
    EXPECT_FALSE(client_key("2001:db8:1:2::1") == client_key("2001:db8:1:3::1"));
    EXPECT_EQ(client_key("::ffff:192.0.2.1"), client_key("192.0.2.1"));
    EXPECT_FALSE(client_key("::ffff:192.0.2.1") == client_key("::ffff:192.0.2.2"));
}

TEST(ClientKey, is_one_for_all_that_is_no_address) {
    EXPECT_EQ(client_key("-"), client_key(""));
    EXPECT_FALSE(client_key("-") == client_key("0.0.0.0"));
    EXPECT_FALSE(client_key("0.0.0.0") == client_key("::"));
}

}  // namespace
}  // namespace carillon::http
