#include "http/decoder.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "base/random.h"
#include "http/testing.h"

namespace carillon::http {
namespace {

using testing::Transcript;
using testing::transcript;
using testing::transcript_by_byte;

std::string get(std::string_view headers = {}) {
    return "GET / HTTP/1.1\r\nHost: h\r\n" + std::string(headers) + "\r\n";
}

std::string post(std::string_view headers, std::string_view body) {
    return "POST / HTTP/1.1\r\nHost: h\r\n" + std::string(headers) + "\r\n" + std::string(body);
}

// The one request in `bytes`.
Request decoded(std::string_view bytes, Limits limits = {}) {
    Decoder decoder(limits);
    const auto event = decoder.next(bytes);
    EXPECT_TRUE(event.has_value()) << (event.has_value() ? "" : event.error().message);
    if (!event.has_value() || event.value() != Event::request_complete) {
        ADD_FAILURE() << "not complete";
        return {};
    }
    EXPECT_EQ(bytes, "");
    return std::move(decoder.request());
}

// The status that `bytes` are refused with, fed whole and byte by byte; 0: not refused.
int refused(std::string_view bytes, Limits limits = {}) {
    const auto whole = transcript(bytes, limits);
    EXPECT_EQ(whole, transcript_by_byte(bytes, limits));
    const auto error = whole.find("error ");
    return error == std::string::npos ? 0 : std::stoi(whole.substr(error + 6));
}

TEST(HttpDecoder, reads_a_request_with_its_parts) {
    const auto request = decoded(
        "POST /apps/7/events?a=1&b=%20?c HTTP/1.1\r\nHost: example.org:8080\r\nX-Empty:\r\n"
        "X-Spaced: \t a b \t\r\nContent-Length: 5\r\n\r\nhello");
    EXPECT_EQ(request.method, "POST");
    EXPECT_EQ(request.target, "/apps/7/events?a=1&b=%20?c");
    EXPECT_EQ(request.path, "/apps/7/events");
    EXPECT_EQ(request.query, "a=1&b=%20?c");
    EXPECT_EQ(request.version, 11);
    EXPECT_TRUE(request.keep_alive);
    EXPECT_EQ(request.header("host"), "example.org:8080");
    EXPECT_TRUE(request.has_header("x-empty"));
    EXPECT_EQ(request.header("X-Spaced"), "a b");
    EXPECT_EQ(request.body, "hello");
}

TEST(HttpDecoder, leaves_pipelined_requests_in_the_input) {
    const std::string first = post("Content-Length: 3\r\n", "one");
    const std::string second = get();
    const std::string all = first + second + "GET /thi";
    std::string_view in = all;
    Decoder decoder;
    EXPECT_EQ(decoder.next(in).value(), Event::request_complete);
    EXPECT_EQ(decoder.request().body, "one");
    EXPECT_EQ(in.size(), all.size() - first.size());
    decoder.reset();
    EXPECT_EQ(decoder.next(in).value(), Event::request_complete);
    EXPECT_EQ(decoder.request().method, "GET");
    EXPECT_EQ(in, "GET /thi");
    decoder.reset();
    EXPECT_EQ(decoder.next(in).value(), Event::need_more);
    EXPECT_EQ(in, "");
    EXPECT_FALSE(decoder.idle());
}

TEST(HttpDecoder, knows_whether_the_connection_stays_open) {
    EXPECT_TRUE(decoded(get()).keep_alive);
    EXPECT_TRUE(decoded(get("Connection: keep-alive\r\n")).keep_alive);
    EXPECT_FALSE(decoded(get("Connection: foo, Close\r\n")).keep_alive);
    EXPECT_FALSE(decoded("GET / HTTP/1.0\r\n\r\n").keep_alive);
    EXPECT_FALSE(decoded("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").keep_alive);
}

TEST(HttpDecoder, takes_the_forms_a_target_may_have) {
    EXPECT_EQ(decoded("GET /?x HTTP/1.1\r\nHost: h\r\n\r\n").path, "/");
    EXPECT_EQ(decoded("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n").path, "*");
    EXPECT_EQ(decoded("GET //a/../b HTTP/1.1\r\nHost: h\r\n\r\n").path, "//a/../b");
    const auto absolute = decoded("GET HTTP://[::1]:80/a?b=/c HTTP/1.1\r\nHost: other\r\n\r\n");
    EXPECT_EQ(absolute.path, "/a");
    EXPECT_EQ(absolute.query, "b=/c");
    EXPECT_EQ(absolute.header("Host"), "[::1]:80");
    const auto bare = decoded("GET http://a?q HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(bare.path, "/");
    EXPECT_EQ(bare.query, "q");
}

struct Refusal {
    const char* why;
    std::string bytes;
    int status;
};

// Every way in which two servers could read one request differently, and some plain nonsense.
const std::vector<Refusal> refusals{
    {"a folded header", get("X-A: b\r\n c\r\n"), 400},
    {"a header folded with a tab", get("X-A: b\r\n\tc\r\n"), 400},
    {"a space before the first header", "GET / HTTP/1.1\r\n Host: h\r\n\r\n", 400},
    {"a space before the request line", " GET / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"equal Content-Lengths", post("Content-Length: 1\r\nContent-Length: 1\r\n", "a"), 400},
    {"differing Content-Lengths", post("Content-Length: 1\r\nContent-Length: 2\r\n", "a"), 400},
    {"a Content-Length list", post("Content-Length: 1, 1\r\n", "a"), 400},
    {"a Content-Length with a comma", post("Content-Length: 1,\r\n", "a"), 400},
    {"a negative Content-Length", post("Content-Length: -1\r\n", "a"), 400},
    {"a signed Content-Length", post("Content-Length: +1\r\n", "a"), 400},
    {"a hexadecimal Content-Length", post("Content-Length: 0x1\r\n", "a"), 400},
    {"a Content-Length with a space", post("Content-Length: 1 1\r\n", "a"), 400},
    {"an empty Content-Length", post("Content-Length:\r\n", "a"), 400},
    {"a Content-Length over 2^64", post("Content-Length: 18446744073709551617\r\n", "a"), 400},
    {"a Content-Length of 2^64-1", post("Content-Length: 18446744073709551615\r\n", "a"), 413},
    {"Content-Length and chunked",
     post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), 400},
    {"chunked and Content-Length",
     post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n"), 400},
    {"Content-Length and gzip", post("Content-Length: 1\r\nTransfer-Encoding: gzip\r\n", "a"), 400},
    {"gzip, chunked", post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"), 501},
    {"chunked, gzip", post("Transfer-Encoding: chunked, gzip\r\n", "0\r\n\r\n"), 501},
    {"chunked, chunked", post("Transfer-Encoding: chunked, chunked\r\n", "0\r\n\r\n"), 501},
    {"identity", post("Transfer-Encoding: identity\r\n", ""), 501},
    {"quoted chunked", post("Transfer-Encoding: \"chunked\"\r\n", "0\r\n\r\n"), 501},
    {"chunked;q=1", post("Transfer-Encoding: chunked;q=1\r\n", "0\r\n\r\n"), 501},
    {"chunked with a vertical tab", post("Transfer-Encoding: \vchunked\r\n", "0\r\n\r\n"), 400},
    {"an empty Transfer-Encoding", post("Transfer-Encoding:\r\n", ""), 501},
    {"two Transfer-Encodings",
     post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), 400},
    {"gzip and chunked on two lines",
     post("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), 400},
    {"chunked on 1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
    {"a lowercase method", "get / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"a mixed method", "GEt / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"a method that is no token", "G(T / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"no method", "/ HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"a proxy's method", "CONNECT h:80 HTTP/1.1\r\nHost: h\r\n\r\n", 501},
    {"no Host", "GET / HTTP/1.1\r\n\r\n", 400},
    {"two Hosts", "GET / HTTP/1.1\r\nHost: h\r\nhost: h\r\n\r\n", 400},
    {"two Hosts on 1.0", "GET / HTTP/1.0\r\nHost: h\r\nHost: h\r\n\r\n", 400},
    {"a Host list", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400},
    {"a Host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400},
    {"a Host with a user", "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", 400},
    {"an LF alone after the request line", "GET / HTTP/1.1\nHost: h\r\n\r\n", 400},
    {"an LF alone after a header", "GET / HTTP/1.1\r\nHost: h\n\r\n", 400},
    {"an LF alone for the blank line", "GET / HTTP/1.1\r\nHost: h\r\n\n", 400},
    {"a CR inside a value", get("X-A: b\rc\r\n"), 400},
    {"a CR before the line's end", get("X-A: b\r\r\n"), 400},
    {"a CR inside the request line", "GET /\r HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"a NUL in a value", get(std::string("X-A: b\0c\r\n", 10)), 400},
    {"a NUL in a name", get(std::string("X\0A: b\r\n", 8)), 400},
    {"a NUL in the target", std::string("GET /\0 HTTP/1.1\r\nHost: h\r\n\r\n", 28), 400},
    {"a space before the colon", get("X-A : b\r\n"), 400},
    {"a tab before the colon", get("X-A\t: b\r\n"), 400},
    {"a space before Content-Length's colon", post("Content-Length : 1\r\n", "a"), 400},
    {"a header without a name", get(": b\r\n"), 400},
    {"a header without a colon", get("X-A\r\n"), 400},
    {"a name that is no token", get("X(A: b\r\n"), 400},
    {"a name beyond ASCII", get("X\xE4: b\r\n"), 400},
    {"two spaces in the request line", "GET  / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"a tab in the request line", "GET\t/ HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"a space inside the target", "GET /a b HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"a space after the version", "GET / HTTP/1.1 \r\nHost: h\r\n\r\n", 400},
    {"no target", "GET HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"no version", "GET /\r\nHost: h\r\n\r\n", 400},
    {"a fragment", "GET /a#b HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"a target beyond ASCII", "GET /\xC3\xA4 HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"a target without a slash", "GET a HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"a star for GET", "GET * HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"an unknown scheme", "GET ftp://h/ HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"an absolute target without a host", "GET http:///a HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"an absolute target with a user", "GET http://u@h/a HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"HTTP/2.0", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
    {"HTTP/1.2", "GET / HTTP/1.2\r\nHost: h\r\n\r\n", 505},
    {"HTTP/0.9", "GET / HTTP/0.9\r\nHost: h\r\n\r\n", 505},
    {"a lowercase version", "GET / http/1.1\r\nHost: h\r\n\r\n", 400},
    {"a long version", "GET / HTTP/1.10\r\nHost: h\r\n\r\n", 400},
    {"another Expect", post("Expect: 200-ok\r\nContent-Length: 1\r\n", "a"), 417},
    {"two Expects", post("Expect: 100-continue\r\nExpect: x\r\nContent-Length: 1\r\n", "a"), 417},
    {"two blank lines before a request", "\r\n\r\n" + get(), 400},
    {"a CR alone before a request", "\rGET / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"an LF alone before a request", "\n" + get(), 400},
    {"TLS", "\x16\x03\x01\x02\n\r\n\r\n", 400},
};

TEST(HttpDecoder, refuses_what_two_servers_could_read_in_two_ways) {
    for (const auto& [why, bytes, status] : refusals) EXPECT_EQ(refused(bytes), status) << why;
}

TEST(HttpDecoder, stays_refused_after_an_error) {
    Decoder decoder;
    const std::string wrong = "get / HTTP/1.1\r\nHost: h\r\n\r\n";
    const std::string right = get();
    std::string_view in = wrong;
    EXPECT_FALSE(decoder.next(in).has_value());
    in = right;
    EXPECT_FALSE(decoder.next(in).has_value());
    EXPECT_FALSE(decoder.idle());
}

TEST(HttpDecoder, explains_every_refusal) {
    for (const auto& refusal : refusals) {
        std::string_view in = refusal.bytes;
        Decoder decoder;
        auto event = decoder.next(in);
        if (!event.has_value()) {
            EXPECT_GT(event.error().message.size(), 8U) << refusal.why;
        }
    }
}

TEST(HttpDecoder, refuses_a_body_over_the_limit_before_it_arrives) {
    const Limits limits{.body_bytes_max = 10};
    EXPECT_EQ(decoded(post("Content-Length: 10\r\n", "0123456789"), limits).body, "0123456789");
    EXPECT_EQ(refused(post("Content-Length: 11\r\n", ""), limits), 413);
    EXPECT_EQ(refused(post("Content-Length: 99999999999999999999\r\n", "")), 400);
    EXPECT_EQ(refused(post("Expect: 100-continue\r\nContent-Length: 11\r\n", ""), limits), 413);
}

TEST(HttpDecoder, accepts_a_head_of_exactly_the_limit_and_refuses_one_byte_more) {
    const auto head = get("X-Long: " + std::string(100, 'a') + "\r\n");
    Limits limits;
    limits.header_bytes_max = head.size();
    EXPECT_EQ(refused(head, limits), 0);
    limits.header_bytes_max = head.size() - 1;
    EXPECT_EQ(refused(head, limits), 431);
    EXPECT_EQ(refused(get("X-Long: " + std::string(17'000, 'a') + "\r\n")), 431);
    EXPECT_EQ(refused("GET /" + std::string(17'000, 'a') + " HTTP/1.1\r\nHost: h\r\n\r\n"), 414);
}

TEST(HttpDecoder, counts_headers) {
    std::string headers;
    for (std::size_t i = 1; i < limits::http_headers_max; ++i) headers += "a: b\r\n";
    EXPECT_EQ(decoded(get(headers)).headers.size(), limits::http_headers_max);
    EXPECT_EQ(refused(get(headers + "a: b\r\n")), 431);
}

TEST(HttpDecoder, asks_for_a_body_that_waits_to_be_asked) {
    EXPECT_EQ(transcript(post("Expect: 100-Continue\r\nContent-Length: 2\r\n", "ab")),
              "continue\nPOST [/] [] 11 keep Host=h Expect=100-Continue Content-Length=2 {ab}\n");
    EXPECT_EQ(
        transcript(post("Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"))
            .substr(0, 9),
        "continue\n");
    EXPECT_EQ(transcript(get("Expect: 100-continue\r\n")).find("continue\n"), std::string::npos);
    EXPECT_EQ(transcript("POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\na")
                  .find("continue\n"),
              std::string::npos);
}

TEST(HttpDecoder, reads_chunked_bodies) {
    const auto request = decoded(post("Transfer-Encoding: Chunked\r\n",
                                      "5\r\nhello\r\n6;x=\"y\"\r\n world\r\n0\r\nT: r\r\n\r\n"));
    EXPECT_EQ(request.body, "hello world");
    EXPECT_FALSE(request.has_header("T"));
}

TEST(HttpDecoder, skips_one_stray_line_end_between_requests_and_stays_idle) {
    Decoder decoder;
    std::string_view in = "\r\n";
    EXPECT_EQ(decoder.next(in).value(), Event::need_more);
    EXPECT_EQ(in, "");
    EXPECT_TRUE(decoder.idle());
    const auto request = get();
    EXPECT_EQ(transcript("\r\n" + request + "\r\n" + request), transcript(request + request));
}

TEST(HttpDecoder, gives_the_same_however_the_bytes_are_cut_in_two) {
    std::vector<std::string> inputs{
        get(),
        post("Content-Length: 5\r\n", "hello") + get(),
        post("Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n",
             "5\r\nhello\r\nA;e\r\n0123456789\r\n00\r\nT: x\r\n\r\n") +
            "\r\n" + post("Content-Length: 0\r\n", "") + "GET /rest",
    };
    for (const auto& refusal : refusals) inputs.push_back(get() + refusal.bytes);
    for (const auto& input : inputs) {
        const auto whole = transcript(input);
        for (std::size_t cut = 0; cut <= input.size(); ++cut) {
            Transcript split;
            split.feed(std::string_view(input).substr(0, cut));
            split.feed(std::string_view(input).substr(cut));
            ASSERT_EQ(split.text(), whole) << input << " cut at " << cut;
        }
    }
}

TEST(HttpDecoder, gives_the_same_for_random_requests_in_random_pieces) {
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        base::SeededRandom random(seed);
        std::string input;
        for (auto requests = random.below(5); requests != 0; --requests) {
            const std::string body(random.below(300), static_cast<char>('a' + random.below(26)));
            if (random.below(2) == 0) {
                input += post("Content-Length: " + std::to_string(body.size()) + "\r\n", body);
                continue;
            }
            input += post("Transfer-Encoding: chunked\r\n", "");
            for (std::size_t at = 0; at < body.size();) {
                const auto size = std::min<std::size_t>(1 + random.below(40), body.size() - at);
                char digits[32];
                std::snprintf(digits, sizeof digits, "%zX\r\n", size);
                input += digits + body.substr(at, size) + "\r\n";
                at += size;
            }
            input += "0\r\n\r\n";
        }
        Transcript pieces;
        for (std::size_t at = 0; at < input.size();) {
            const auto size = std::min<std::size_t>(1 + random.below(50), input.size() - at);
            pieces.feed(std::string_view(input).substr(at, size));
            at += size;
        }
        ASSERT_EQ(pieces.text(), transcript(input)) << "seed " << seed;
        EXPECT_EQ(pieces.text().find("error"), std::string::npos) << "seed " << seed;
    }
}

TEST(HttpDecoder, costs_little_while_idle_and_nothing_more_after_a_request) {
    static_assert(sizeof(Decoder) < 200);
    Decoder decoder;
    EXPECT_TRUE(decoder.idle());
    const auto request = get();
    std::string_view in = request;
    EXPECT_EQ(decoder.next(in).value(), Event::request_complete);
    EXPECT_FALSE(decoder.idle());
    decoder.reset();
    EXPECT_TRUE(decoder.idle());
}

TEST(HttpDecoder, holds_memory_for_what_was_sent_and_not_for_what_was_promised) {
    Decoder decoder;
    const auto head = post("Content-Length: 10000000\r\n", std::string(1000, 'x'));
    std::string_view in = head;
    EXPECT_EQ(decoder.next(in).value(), Event::need_more);
    const std::string rest(10'000'000 - 1000, 'x');
    in = rest;
    EXPECT_EQ(decoder.next(in).value(), Event::request_complete);
    auto& body = decoder.request().body;
    EXPECT_EQ(body.size(), 10'000'000U);
    EXPECT_LE(body.capacity(), body.size() + 64);
    EXPECT_GE(body.capacity(), body.size() + 64);  // room for simdjson to read into
}

// Sixteen times the bytes may take sixteen times as long; a second look at every byte would take
// 256 times. The best of three, because a busy machine may interrupt one.
TEST(HttpDecoder, takes_linear_time_one_byte_at_a_time) {
    const auto best_seconds = [](std::size_t bytes) {
        const auto input = get("X-Long: " + std::string(bytes, 'a') + "\r\n");
        const Limits limits{.header_bytes_max = 2 * bytes};
        double best = 1e9;
        for (int i = 0; i < 3; ++i) {
            const auto begin = std::chrono::steady_clock::now();
            EXPECT_EQ(transcript_by_byte(input, limits).find("error"), std::string::npos);
            const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begin;
            best = std::min(best, taken.count());
        }
        return best;
    };
    const double small = best_seconds(50'000);
    EXPECT_LT(best_seconds(800'000), small * 16 * 6);
}

}  // namespace
}  // namespace carillon::http
