#include "http/response.h"

#include <gtest/gtest.h>

namespace carillon::http {
namespace {

std::string encoded(const Response& response, bool head_only = false, bool keep_alive = true) {
    base::Buffer out;
    encode(response, head_only, keep_alive, out);
    return std::string(out.view());
}

TEST(Response, is_written_with_its_length_and_the_fate_of_the_connection) {
    EXPECT_EQ(encoded(json(200, R"({"a":1})")),
              "HTTP/1.1 200 OK\r\n"
              "Content-Type: application/json\r\n"
              "Connection: keep-alive\r\n"
              "Content-Length: 7\r\n"
              "\r\n"
              R"({"a":1})");
    EXPECT_EQ(encoded(text(404, "no"), false, false),
              "HTTP/1.1 404 Not Found\r\n"
              "Content-Type: text/plain; charset=utf-8\r\n"
              "Connection: close\r\n"
              "Content-Length: 2\r\n"
              "\r\nno");
}

TEST(Response, is_appended_behind_what_is_already_there) {
    base::Buffer out;
    encode(text(200, "a"), false, true, out);
    const auto once = out.size();
    encode(text(200, "a"), false, true, out);
    EXPECT_EQ(out.size(), 2 * once);
    EXPECT_EQ(out.view(0, once), out.view(once, 2 * once));
}

TEST(Response, closes_when_either_side_wants_it) {
    auto response = text(200, "");
    response.close = true;
    EXPECT_NE(encoded(response).find("Connection: close\r\n"), std::string::npos);
    EXPECT_EQ(encoded(response).find("keep-alive"), std::string::npos);
}

TEST(Response, to_head_has_every_header_and_no_body) {
    const auto whole = encoded(text(200, "hello"));
    EXPECT_EQ(encoded(text(200, "hello"), true), whole.substr(0, whole.size() - 5));
    EXPECT_NE(whole.find("Content-Length: 5\r\n"), std::string::npos);
}

TEST(Response, has_a_length_of_zero_when_its_body_is_empty) {
    EXPECT_NE(encoded(text(200, "")).find("Content-Length: 0\r\n"), std::string::npos);
}

TEST(Response, without_a_body_by_definition_says_no_length_and_sends_none) {
    for (const int status : {100, 101, 204, 304}) {
        Response response;
        response.status = status;
        response.body = "must not appear";
        const auto bytes = encoded(response);
        EXPECT_EQ(bytes.find("Content-Length"), std::string::npos) << status;
        EXPECT_TRUE(bytes.ends_with("\r\n\r\n")) << status;
        EXPECT_EQ(bytes.find("appear"), std::string::npos) << status;
    }
}

TEST(Response, that_switches_protocols_brings_its_own_connection_header) {
    Response response;
    response.status = 101;
    response.headers = {{"Connection", "Upgrade"}};
    EXPECT_EQ(encoded(response), "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n\r\n");
}

TEST(Response, cannot_be_split_by_line_ends_in_a_header) {
    auto response = text(200, "");
    response.headers.emplace_back("X-Echo", std::string("a\r\nSet-Cookie: b\nc\0d", 20));
    response.headers.emplace_back("X\r\nY", "z");
    const auto bytes = encoded(response);
    EXPECT_NE(bytes.find("X-Echo: a  Set-Cookie: b c d\r\n"), std::string::npos) << bytes;
    EXPECT_NE(bytes.find("X  Y: z\r\n"), std::string::npos) << bytes;
}

TEST(Response, with_framing_of_its_own_is_a_bug_of_ours) {
    for (const auto* name : {"content-length", "Transfer-Encoding", "Connection"}) {
        Response response;
        response.headers.emplace_back(name, "1");
        EXPECT_DEATH(encoded(response), "equals_ignoring_case") << name;
    }
}

TEST(ReasonPhrase, knows_every_status_this_server_says) {
    for (const int status : {400, 404, 405, 408, 413, 414, 417, 426, 431, 500, 501, 503, 505}) {
        EXPECT_NE(reason_phrase(status), "Unknown") << status;
    }
    EXPECT_EQ(reason_phrase(299), "Unknown");
}

}  // namespace
}  // namespace carillon::http
