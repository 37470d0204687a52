#include "http/chunked.h"

#include <gtest/gtest.h>

namespace carillon::http {
namespace {

struct Outcome {
    std::string body;
    std::string rest;
    int status = 0;  // 200: complete, 0: wants more
};

Outcome decoded(std::string_view in, std::size_t piece, std::size_t body_max = 1000,
                std::size_t extra_max = 100) {
    ChunkedBody chunked(body_max, extra_max);
    Outcome outcome;
    while (!in.empty()) {
        auto part = in.substr(0, piece);
        const auto before = part.size();
        const auto done = chunked.next(part, outcome.body);
        if (!done.has_value()) {
            outcome.status = done.error().code;
            return outcome;
        }
        in.remove_prefix(before - part.size());
        if (done.value()) {
            outcome.status = 200;
            break;
        }
    }
    outcome.rest = in;
    return outcome;
}

void expect_status(std::string_view in, int status, std::size_t body_max = 1000,
                   std::size_t extra_max = 100) {
    for (const std::size_t piece : {std::size_t{1}, std::size_t{3}, std::size_t{1000}}) {
        EXPECT_EQ(decoded(in, piece, body_max, extra_max).status, status) << in << " by " << piece;
    }
}

TEST(ChunkedBody, puts_the_pieces_together_and_leaves_what_follows) {
    for (std::size_t piece = 1; piece < 50; ++piece) {
        const auto outcome = decoded("3\r\nabc\r\n0A;x\r\n0123456789\r\n0\r\n\r\nGET", piece);
        EXPECT_EQ(outcome.status, 200) << piece;
        EXPECT_EQ(outcome.body, "abc0123456789") << piece;
        EXPECT_EQ(outcome.rest, "GET") << piece;
    }
}

TEST(ChunkedBody, waits_for_every_byte_of_its_end) {
    const std::string_view all = "1\r\na\r\n0\r\nA: b\r\n\r\n";
    for (std::size_t size = 0; size < all.size(); ++size) {
        EXPECT_EQ(decoded(all.substr(0, size), 1000).status, 0) << size;
    }
    expect_status(all, 200);
}

TEST(ChunkedBody, refuses_what_does_not_fit_the_grammar) {
    for (const std::string_view wrong : {"\r\n",
                                         ";x\r\n",
                                         "g\r\n",
                                         "-1\r\n",
                                         "+1\r\n",
                                         "0x1\r\na\r\n",
                                         " 1\r\na\r\n",
                                         "1 \r\na\r\n",
                                         "1\na\r\n",
                                         "1\r\r\na",
                                         "1\r\na\n",
                                         "1\r\nab\r\n",
                                         "1\r\na\r\r",
                                         "1\r\na0\r\n\r\n",
                                         "00000000000000001\r\na\r\n",
                                         "1;a\nb\r\n",
                                         "1;a\rb\r\n",
                                         "0\r\n\n",
                                         "0\r\n\rx",
                                         "0\r\n: a\r\n",
                                         "0\r\n a: b\r\n",
                                         "0\r\na b: c\r\n",
                                         "0\r\na\r\n\r\n",
                                         "0\r\na: b\n",
                                         "0\r\na: b\rc"}) {
        expect_status(wrong, 400);
    }
    expect_status(std::string_view("1;\0\r\n", 5), 400);
    expect_status(std::string_view("0\r\na: \0\r\n", 9), 400);
}

TEST(ChunkedBody, is_bounded_in_its_data_as_soon_as_the_size_is_read) {
    expect_status("A\r\n0123456789\r\n0\r\n\r\n", 200, 10);
    expect_status("B", 413, 10);
    expect_status("5\r\n01234\r\n6", 413, 10);
    expect_status("ffffffffffffffff", 413, 10);
    expect_status("0000000000000001\r\na\r\n0\r\n\r\n", 200, 10);
}

TEST(ChunkedBody, is_bounded_in_its_extensions_and_trailers_together) {
    const std::string twenty(20, 'x');
    expect_status("1;" + twenty + "\r\na\r\n0\r\n\r\n", 200, 10, 20);
    expect_status("1;" + twenty + "x", 400, 10, 20);
    expect_status("1;" + twenty + "\r\na\r\n0;x", 400, 10, 20);
    expect_status("0\r\na:" + twenty.substr(2) + "\r\n\r\n", 200, 10, 20);
    expect_status("0\r\na:" + twenty + "\r\n\r\n", 431, 10, 20);
    std::string many = "0\r\n";
    for (int i = 0; i < 21; ++i) many += "a:\r\n";
    expect_status(many, 431, 10, 20);
}

}  // namespace
}  // namespace carillon::http
