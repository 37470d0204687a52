#include "websocket/handshake.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/buffer.h"

namespace carillon::websocket {
namespace {

http::Request opening() {
    http::Request request;
    request.method = "GET";
    request.path = "/app/key";
    request.headers = {{"Host", "example.org"},
                       {"Upgrade", "websocket"},
                       {"Connection", "Upgrade"},
                       {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="},
                       {"Sec-WebSocket-Version", "13"}};
    return request;
}

http::Request with(std::string_view name, std::string_view value) {
    auto request = opening();
    for (auto& header : request.headers) {
        if (header.name == name) header.value = value;
    }
    return request;
}

http::Request without(std::string_view name) {
    auto request = opening();
    std::erase_if(request.headers, [&](const auto& header) { return header.name == name; });
    return request;
}

int refused(const http::Request& request) {
    const auto answer = accept(request);
    return answer.has_value() ? 0 : answer.error().code;
}

TEST(Handshake, answers_the_example_of_the_rfc) {
    EXPECT_EQ(accept_key("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    base::Buffer out;
    http::encode(accept(opening()).value(), false, true, out);
    EXPECT_EQ(out.view(),
              "HTTP/1.1 101 Switching Protocols\r\n"
              "Upgrade: websocket\r\n"
              "Connection: Upgrade\r\n"
              "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
              "\r\n");
}

TEST(Handshake, names_the_subprotocol_that_was_chosen) {
    const auto answer = accept(opening(), "chat.v1").value();
    EXPECT_EQ(answer.headers.back(),
              (std::pair<std::string, std::string>("Sec-WebSocket-Protocol", "chat.v1")));
}

TEST(Handshake, sees_what_is_offered_in_the_clients_order) {
    auto request = opening();
    request.headers.push_back({"sec-websocket-protocol", "b, a"});
    request.headers.push_back({"Sec-WebSocket-Protocol", " c ,"});
    EXPECT_THAT(offered_subprotocols(request), ::testing::ElementsAre("b", "a", "c"));
    EXPECT_TRUE(offered_subprotocols(opening()).empty());
}

TEST(Handshake, reads_its_tokens_in_any_case_and_anywhere_in_a_list) {
    EXPECT_EQ(refused(with("Upgrade", "WebSocket")), 0);
    EXPECT_EQ(refused(with("Upgrade", "h2c, WEBSOCKET")), 0);
    EXPECT_EQ(refused(with("Connection", "keep-alive, uPGRADE")), 0);
    EXPECT_EQ(refused(with("Connection", "keep-alive ,Upgrade,")), 0);
}

TEST(Handshake, is_wanted_by_whoever_says_so) {
    EXPECT_TRUE(wants_upgrade(opening()));
    EXPECT_TRUE(wants_upgrade(without("Connection")));  // and is told what is missing
    EXPECT_FALSE(wants_upgrade(without("Upgrade")));
    EXPECT_FALSE(wants_upgrade(with("Upgrade", "h2c")));
}

TEST(Handshake, refuses_with_the_status_that_fits) {
    auto post = opening();
    post.method = "POST";
    EXPECT_EQ(refused(post), 405);
    auto old = opening();
    old.version = 10;
    EXPECT_EQ(refused(old), 400);
    EXPECT_EQ(refused(without("Upgrade")), 400);
    EXPECT_EQ(refused(without("Connection")), 400);
    EXPECT_EQ(refused(with("Connection", "keep-alive")), 400);
    EXPECT_EQ(refused(with("Upgrade", "websockets")), 400);
    for (const auto* version : {"12", "8", "", "13, 8", "013", "13.0"}) {
        EXPECT_EQ(refused(with("Sec-WebSocket-Version", version)), 426) << version;
    }
    EXPECT_EQ(refused(without("Sec-WebSocket-Version")), 426);
    auto two_versions = opening();
    two_versions.headers.push_back({"Sec-WebSocket-Version", "13"});
    EXPECT_EQ(refused(two_versions), 400);
}

TEST(Handshake, takes_only_base64_of_sixteen_bytes_for_a_key) {
    EXPECT_EQ(refused(with("Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA==")), 0);
    EXPECT_EQ(refused(with("Sec-WebSocket-Key", "+/+/+/+/+/+/+/+/+/+/+w==")), 0);
    for (const auto* key :
         {"", "==", "dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25jZQ=", "dGhlIHNhbXBsZSBub25jZ===",
          "dGhlIHNhbXBsZSBub25jZQ===", "dGhlIHNhbXBsZSBub25jZSE=", "dGhlIHNhbXBsZSBub25jZSEh",
          "dGhlIHNhbXBs-SBub25jZQ==", "dGhl=HNhbXBsZSBub25jZQ==", "AAAAAAAAAAAAAAAAAAAAAAAA=="}) {
        EXPECT_EQ(refused(with("Sec-WebSocket-Key", key)), 400) << key;
    }
    EXPECT_EQ(refused(without("Sec-WebSocket-Key")), 400);
    auto two = opening();
    two.headers.push_back(two.headers[3]);
    EXPECT_EQ(refused(two), 400);
}

TEST(Handshake, refuses_with_the_headers_that_the_status_owes) {
    auto request = opening();
    request.method = "POST";
    const auto wrong_method = refusal(accept(request).error());
    EXPECT_EQ(wrong_method.status, 405);
    EXPECT_EQ(wrong_method.headers.back(), (std::pair<std::string, std::string>("Allow", "GET")));
    const auto wrong_version = refusal(accept(with("Sec-WebSocket-Version", "8")).error());
    EXPECT_EQ(wrong_version.status, 426);
    EXPECT_EQ(wrong_version.headers.back(),
              (std::pair<std::string, std::string>("Sec-WebSocket-Version", "13")));
    EXPECT_EQ(refusal(accept(without("Upgrade")).error()).status, 400);
}

}  // namespace
}  // namespace carillon::websocket
