#include "net/address.h"

#include <gtest/gtest.h>

namespace carillon::net {
namespace {

sockaddr_storage address(const std::string& host) { return resolve(host, 80).value().storage; }

TEST(Address, is_written_without_its_port_and_as_ipv4_where_it_is_that_within_ipv6) {
    EXPECT_EQ(host_text(address("192.0.2.1")), "192.0.2.1");
    EXPECT_EQ(host_text(address("2001:DB8::1")), "2001:db8::1");
    EXPECT_EQ(host_text(address("::ffff:192.0.2.1")), "192.0.2.1");
    EXPECT_EQ(host_text({}), "-");
}

}  // namespace
}  // namespace carillon::net
