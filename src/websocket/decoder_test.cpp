#include "websocket/decoder.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/random.h"
#include "websocket/testing.h"

namespace carillon::websocket {
namespace {

using testing::client_frame;
using testing::client_header;
using testing::ClientFrame;
using testing::close_payload;
using testing::Transcript;
using testing::transcript;
using testing::transcript_by_byte;

std::string text(std::string_view payload) { return client_frame(payload); }
std::string binary(std::string_view payload) {
    return client_frame(payload, {.opcode = Opcode::binary});
}
std::string ping(std::string_view payload) {
    return client_frame(payload, {.opcode = Opcode::ping});
}
std::string pong(std::string_view payload) {
    return client_frame(payload, {.opcode = Opcode::pong});
}
std::string close(std::string_view payload) {
    return client_frame(payload, {.opcode = Opcode::close});
}
std::string first(std::string_view payload, Opcode opcode = Opcode::text) {
    return client_frame(payload, {.opcode = opcode, .fin = false});
}
std::string middle(std::string_view payload) {
    return client_frame(payload, {.opcode = Opcode::continuation, .fin = false});
}
std::string last(std::string_view payload) {
    return client_frame(payload, {.opcode = Opcode::continuation});
}

TEST(WebSocketDecoder, reads_the_examples_of_the_rfc) {
    EXPECT_EQ(transcript("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"), "text [Hello]\n");
    EXPECT_EQ(transcript("\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"), "pong [Hello]\n");
    EXPECT_EQ(transcript(first("Hel") + last("lo")), "text [Hello]\n");
    EXPECT_EQ(transcript(ping("Hello")), "ping [Hello]\n");
    const std::string k256(256, 'x');
    const std::string k64(65536, 'x');
    EXPECT_EQ(transcript(binary(k256)), "binary [" + k256 + "]\n");
    EXPECT_EQ(transcript(binary(k64), 65536), "binary [" + k64 + "]\n");
}

struct Conversation {
    std::string bytes;
    std::string heard;
};

const std::string long_text(300, 'z');

const std::vector<Conversation> conversations{
    {text(""), "text []\n"},
    {binary(""), "binary []\n"},
    {text("a") + binary("b") + text("c"), "text [a]\nbinary [b]\ntext [c]\n"},
    {text(long_text), "text [" + long_text + "]\n"},
    {binary(std::string("\xFF\0", 2)), std::string("binary [\xFF\0]\n", 12)},
    {first("a") + middle("") + middle("b") + last("c"), "text [abc]\n"},
    {first("") + last(""), "text []\n"},
    {first("a") + ping("p") + middle("b") + pong("q") + last("c") + text("d"),
     "ping [p]\npong [q]\ntext [abc]\ntext [d]\n"},
    {first("a", Opcode::binary) + ping("") + last(""), "ping []\nbinary [a]\n"},
    {ping(std::string(125, 'p')), "ping [" + std::string(125, 'p') + "]\n"},
    {first("\xE2") + middle("\x82") + ping("\xFF") + last("\xAC"),
     "ping [\xFF]\ntext [\xE2\x82\xAC]\n"},
    {close(""), "close 1005 []\n"},
    {close(close_payload(1000)), "close 1000 []\n"},
    {close(close_payload(4999, "b\xC3\xA4")), "close 4999 [b\xC3\xA4]\n"},
    {first("a") + close(close_payload(1001)), "close 1001 []\n"},
    {close(close_payload(1000)) + text("after") + "\xFF\xFF\xFF", "close 1000 []\n"},
    {client_frame("k", {.key = {0, 0, 0, 0}}), "text [k]\n"},
    // What is wrong, each after something that is right.
    {text("a") + client_frame("b", {.masked = false}), "text [a]\nerror 1002\n"},
    {text("a") + client_frame("b", {.reserved_bits = 0x40}), "text [a]\nerror 1002\n"},
    {client_frame("b", {.reserved_bits = 0x20}), "error 1002\n"},
    {client_frame("b", {.reserved_bits = 0x10}), "error 1002\n"},
    {client_frame("b", {.opcode = Opcode::ping, .reserved_bits = 0x40}), "error 1002\n"},
    {client_frame("p", {.opcode = Opcode::ping, .fin = false}), "error 1002\n"},
    {client_frame("", {.opcode = Opcode::close, .fin = false}), "error 1002\n"},
    {ping(std::string(126, 'p')), "error 1002\n"},
    {client_frame("", {.opcode = Opcode::pong, .length_bytes = 8}), "error 1002\n"},
    {last("a"), "error 1002\n"},
    {middle("a"), "error 1002\n"},
    {first("a") + last("b") + last("c"), "text [ab]\nerror 1002\n"},
    {first("a") + text("b"), "error 1002\n"},
    {first("a") + first("b", Opcode::binary), "error 1002\n"},
    {client_frame("a", {.length_bytes = 2}), "error 1002\n"},
    {client_frame(std::string(125, 'a'), {.length_bytes = 2}), "error 1002\n"},
    {client_frame(std::string(126, 'a'), {.length_bytes = 8}), "error 1002\n"},
    {client_header(0xffff, {.length_bytes = 8}), "error 1002\n"},
    {client_header(1ULL << 63), "error 1002\n"},
    {client_header(~0ULL), "error 1002\n"},
    {close("\x03"), "error 1002\n"},
    {close(close_payload(999)), "error 1002\n"},
    {close(close_payload(1005)), "error 1002\n"},
    {close(close_payload(1006)), "error 1002\n"},
    {close(close_payload(2999)), "error 1002\n"},
    {close(close_payload(65535)), "error 1002\n"},
    {close(close_payload(1000, "\xFF")), "error 1007\n"},
    {close(close_payload(1000, "\xE2\x82")), "error 1007\n"},
    {text("a\xFF"), "error 1007\n"},
    {text("\xE2\x82"), "error 1007\n"},
    {first("\xE2") + last("\x82"), "error 1007\n"},
    {first("\xE2") + middle("a"), "error 1007\n"},
    {first("ok") + ping("p") + last("\xED\xA0\x80"), "ping [p]\nerror 1007\n"},
    {client_header(1001), "error 1009\n"},
    {client_header((1ULL << 63) - 1), "error 1009\n"},
    {first(std::string(600, 'a')) + client_header(401, {.opcode = Opcode::continuation}),
     "error 1009\n"},
    {text("\xFF") + text("after an error nothing is heard"), "error 1007\n"},
};

TEST(WebSocketDecoder, hears_what_was_said_and_refuses_what_may_not_be_said) {
    for (const auto& [bytes, heard] : conversations) {
        EXPECT_EQ(transcript(bytes), heard) << ::testing::PrintToString(bytes);
    }
}

TEST(WebSocketDecoder, hears_the_same_however_the_bytes_are_cut) {
    for (const auto& [bytes, heard] : conversations) {
        for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
            Transcript split;
            split.feed(std::string_view(bytes).substr(0, cut));
            split.feed(std::string_view(bytes).substr(cut));
            ASSERT_EQ(split.text(), heard) << ::testing::PrintToString(bytes) << " cut at " << cut;
        }
        EXPECT_EQ(transcript_by_byte(bytes), heard) << ::testing::PrintToString(bytes);
    }
}

TEST(WebSocketDecoder, refuses_every_reserved_opcode_and_reserved_bit_at_the_second_byte) {
    for (unsigned byte = 0; byte < 256; ++byte) {
        const unsigned opcode = byte & 0x0f;
        const bool known = opcode == 1 || opcode == 2 || (opcode >= 8 && opcode <= 10);
        const bool right = known && (byte & 0x70) == 0 && (opcode < 8 || (byte & 0x80) != 0);
        const std::string start{static_cast<char>(byte), '\x80'};
        EXPECT_EQ(transcript(start), right ? "" : "error 1002\n") << byte;
    }
}

TEST(WebSocketDecoder, hears_random_conversations_alike_in_random_fragments_and_pieces) {
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        base::SeededRandom random(seed);
        std::string bytes;
        std::string heard;
        for (auto messages = random.below(6); messages != 0; --messages) {
            std::string payload;
            for (auto n = random.below(400); n != 0; --n)
                payload += random.below(5) == 0 ? "\xC3\xA4" : "a";
            const auto opcode = random.below(2) == 0 ? Opcode::text : Opcode::binary;
            heard += (opcode == Opcode::text ? "text [" : "binary [") + payload + "]\n";
            std::string pings;
            for (std::size_t at = 0, fragments = 0;; ++fragments) {
                const auto n = std::min<std::size_t>(random.below(300), payload.size() - at);
                ClientFrame frame{.opcode = fragments == 0 ? opcode : Opcode::continuation};
                for (auto& byte : frame.key) byte = static_cast<unsigned char>(random.next());
                frame.fin = at + n == payload.size();
                bytes += client_frame(payload.substr(at, n), frame);
                at += n;
                if (frame.fin) break;
                if (random.below(3) != 0) continue;
                bytes += ping(std::to_string(at));
                pings += "ping [" + std::to_string(at) + "]\n";
            }
            heard.insert(heard.size() - payload.size() - (opcode == Opcode::text ? 8 : 10), pings);
        }
        Transcript pieces;
        for (std::size_t at = 0; at < bytes.size();) {
            const auto n = std::min<std::size_t>(1 + random.below(60), bytes.size() - at);
            pieces.feed(std::string_view(bytes).substr(at, n));
            at += n;
        }
        ASSERT_EQ(transcript(bytes), heard) << "seed " << seed;
        ASSERT_EQ(pieces.text(), heard) << "seed " << seed;
        EXPECT_TRUE(pieces.decoder().idle());
    }
}

// Feeds a copy of `bytes` and gives the result of one call.
Result<std::optional<Message>> once(Decoder& decoder, std::string bytes) {
    bytes.reserve(bytes.size() + base::Buffer::padding);
    std::span<char> in(bytes);
    return decoder.next(in);
}

TEST(WebSocketDecoder, hands_out_a_whole_frame_where_it_lies) {
    auto bytes = text("hello") + ping("p") + text("half").substr(0, 8);
    bytes.reserve(bytes.size() + base::Buffer::padding);
    std::span<char> in(bytes);
    Decoder decoder;
    const auto message = decoder.next(in).value();
    EXPECT_EQ(message->data.data(), bytes.data() + 6);
    EXPECT_EQ(in.data(), bytes.data() + 11);  // nothing beyond the frame is consumed
    const auto control = decoder.next(in).value();
    EXPECT_EQ(control->data.data(), bytes.data() + 17);
    EXPECT_FALSE(decoder.next(in).value().has_value());
    EXPECT_TRUE(in.empty());
    EXPECT_FALSE(decoder.idle());
}

TEST(WebSocketDecoder, refuses_a_big_message_before_it_arrives) {
    Decoder decoder(10);
    EXPECT_EQ(once(decoder, text("0123456789")).value()->data.size(), 10U);
    const auto header = client_header(11);
    EXPECT_EQ(once(decoder, header).error().code, close_too_big);
}

TEST(WebSocketDecoder, refuses_bad_text_before_the_rest_of_it_arrives) {
    Decoder decoder;
    const auto frame = text("good \xFF" + std::string(60'000, 'x'));
    EXPECT_EQ(once(decoder, frame.substr(0, 20)).error().code, close_invalid_text);
}

TEST(WebSocketDecoder, allows_a_message_in_single_bytes_but_few_fragments_without_any) {
    std::string single = first("");
    for (int i = 0; i < 1000; ++i) single += middle("x");
    EXPECT_EQ(transcript(single + last("")), "text [" + std::string(1000, 'x') + "]\n");
    EXPECT_EQ(transcript(single + middle("x")), "error 1009\n");

    std::string empty = first("");
    for (unsigned i = 1; i < Decoder::empty_fragments_max; ++i) empty += middle("");
    EXPECT_EQ(transcript(empty + last("x") + empty + last("y")), "text [x]\ntext [y]\n");
    EXPECT_EQ(transcript(empty + middle("")), "error 1009\n");
}

TEST(WebSocketDecoder, gives_its_memory_back_once_a_message_was_heard) {
    Transcript whole;
    whole.feed(text(std::string(900, 'x')));
    EXPECT_EQ(whole.decoder().bytes_held(), 0U);  // it never held any

    Transcript pieces;
    const auto bytes = first(std::string(500, 'x')) + ping("p") + last(std::string(500, 'x'));
    pieces.feed(bytes.substr(0, 400));
    EXPECT_GE(pieces.decoder().bytes_held(), 390U);
    EXPECT_LE(pieces.decoder().bytes_held(), 800U);  // what was sent, at most doubled
    pieces.feed(bytes.substr(400, 110));             // into the ping's header
    pieces.feed(bytes.substr(510));
    EXPECT_EQ(pieces.decoder().bytes_held(), 0U);
    EXPECT_TRUE(pieces.decoder().idle());
}

TEST(WebSocketDecoder, is_small_while_idle) {
    static_assert(sizeof(Decoder) <= 2 * sizeof(base::Buffer) + 80);
    Decoder decoder;
    EXPECT_TRUE(decoder.idle());
    EXPECT_FALSE(once(decoder, "").value().has_value());
    EXPECT_FALSE(once(decoder, text("abc").substr(0, 1)).value().has_value());
    EXPECT_FALSE(decoder.idle());
}

}  // namespace
}  // namespace carillon::websocket
