#include "abuse/attacks.h"

#include <array>
#include <ctime>
#include <utility>
#include <vector>

#include "abuse/line.h"
#include "bench/fail.h"
#include "bench/wire.h"

namespace abuse {
namespace {

constexpr std::size_t kMegabytes10 = 10'000'000;
constexpr int kFragmentsAtOnce = 64;
constexpr int kChannelsAtOnce = 10;
constexpr std::size_t kLargeData = 100'000;

std::string frame(std::uint8_t first_byte, std::string_view payload) {
    auto made = bench::masked_frame(0, payload);
    made[0] = static_cast<char>(first_byte);
    return made;
}

std::string text(std::string_view payload) { return bench::masked_frame(bench::kText, payload); }

Words always(std::string bytes) {
    return [bytes = std::move(bytes)](auto, auto) { return bytes; };
}

Words in_turn(std::vector<std::string> all) {
    return [all = std::move(all)](auto, std::uint64_t number) { return all[number % all.size()]; };
}

// The same again and again, a byte at a time.
Words by_byte(std::string bytes) {
    return [bytes = std::move(bytes)](std::uint64_t spoken, auto) {
        return std::string(1, bytes[spoken % bytes.size()]);
    };
}

std::string times(std::string_view part, std::size_t count) {
    std::string all;
    for (std::size_t i = 0; i < count; i++) all += part;
    return all;
}

std::string subscribe(std::string_view channel) {
    return text(R"({"event":"pusher:subscribe","data":{"channel":")" + std::string(channel) +
                R"("}})");
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
    return text.replace(text.find(from), from.size(), to);
}

// Frames of one message that never ends.
Words fragments() {
    const auto one_more = times(frame(0, "x"), kFragmentsAtOnce);
    return [one_more, first = frame(bench::kText, "x")](std::uint64_t spoken, auto) {
        return spoken == 0 ? first : one_more;
    };
}

std::vector<std::string> bad_frames() {
    const auto good = text("x");
    std::vector<std::string> all{replaced(good, "\x81", "\xc1"), frame(0x80, "x"), frame(0x09, "x"),
                                 std::string("\x81\x01x", 3)};
    all.reserve(all.size() + 4);
    for (const int opcode : {3, 7, 11, 15})
        all.push_back(frame(static_cast<std::uint8_t>(0x80 | opcode), "x"));
    return all;
}

// Each byte of a text once, and each cut through what is wrong.
std::vector<std::string> bad_texts() {
    std::vector<std::string> all;
    all.reserve(44);
    const std::string wrong = "\xED\xA0\x80";
    for (std::size_t at = 0; at < 40; at++)
        all.push_back(text(std::string(at, 'a') + wrong + std::string(40 - at, 'a')));
    for (std::size_t cut = 0; cut <= wrong.size(); cut++)
        all.push_back(frame(0x01, "a" + wrong.substr(0, cut)) + frame(0x80, wrong.substr(cut)));
    return all;
}

// Wrong in the signature, in the body, in the key, and long ago.
std::vector<std::string> bad_signatures(const bench::App& app) {
    const auto right = bench::publish_request(app, bench::publish_body("e", "attack", 10));
    const auto stamp = std::to_string(std::time(nullptr));
    auto wrong = right;
    auto& digit = wrong[wrong.find("auth_signature=") + 15];
    digit = digit == '0' ? '1' : '0';
    return {wrong, replaced(right, "xxxx", "yyyy"), replaced(right, "auth_key=", "auth_key=x"),
            replaced(right, stamp.substr(0, stamp.size() - 3),
                     std::to_string(std::stoll(stamp.substr(0, stamp.size() - 3)) - 1))};
}

std::string signed_body(const bench::App& app, std::string_view data) {
    return bench::publish_request(
        app, R"({"name":"e","channel":"attack","data":)" + std::string(data) + "}");
}

// Of so many bytes, of which the last is missing or not.
std::string body_of(std::size_t promised, std::size_t sent) {
    return "POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(promised) +
           "\r\n\r\n" + std::string(sent, 'x');
}

// To several channels at once, which each have a listener of their own.
Words flood(const bench::App& app, const std::string& prefix, std::uint64_t groups) {
    return [=, data = std::string(kLargeData, 'x')](auto, std::uint64_t number) {
        std::string channels;
        const auto first = number % groups * kChannelsAtOnce;
        for (std::uint64_t i = first; i < first + kChannelsAtOnce; i++)
            channels += (i == first ? "\"" : ",\"") + prefix + std::to_string(i) + '"';
        return bench::publish_request(
            app, R"({"name":"e","channels":[)" + channels + R"(],"data":")" + data + "\"}");
    };
}

struct Named {
    std::string_view name;
    Attack (*make)(const bench::App& app);
};

const Manner kSocket{};
const Manner kWebSocket{.websocket = true, .joins = {}};

// clang-format off: a table.
const std::array kAttacks{
    Named{"silent", [](const auto&) { return Attack{kSocket}; }},
    Named{"half_open", [](const auto&) { return Attack{kSocket, 0, 64, always("GET /app/demo-key HTTP/1.1\r\nHost: x\r\nUpgr")}; }},
    Named{"slow_requests", [](const auto&) { return Attack{kSocket, 500, 0, by_byte("GET / HTTP/1.1\r\nX-X: " + std::string(16'000, 'x'))}; }},
    Named{"slow_frames", [](const auto&) { return Attack{kWebSocket, 500, 0, by_byte(frame(0x89, "ping"))}; }},
    Named{"tiny_frames", [](const auto&) { return Attack{kWebSocket, 20, 64, always(text("x"))}; }},
    Named{"fragments", [](const auto&) { return Attack{kWebSocket, 10, 0, fragments()}; }},
    Named{"bad_frames", [](const auto&) { return Attack{kWebSocket, 0, 64, in_turn(bad_frames())}; }},
    Named{"bad_text", [](const auto&) { return Attack{kWebSocket, 0, 64, in_turn(bad_texts())}; }},
    Named{"nesting", [](const auto& app) { return Attack{kSocket, 4, 64, always(signed_body(app, times("[", 100'000) + times("]", 100'000)))}; }},
    Named{"large_json", [](const auto& app) { return Attack{kSocket, 2, 64, always(signed_body(app, '"' + std::string(kMegabytes10, 'x') + '"'))}; }},
    Named{"unwanted_bodies", [](const auto&) { return Attack{kSocket, 2, 64, always(body_of(kMegabytes10, kMegabytes10))}; }},
    Named{"unfinished_bodies", [](const auto&) { return Attack{kSocket, 0, 64, always(body_of(kMegabytes10, kMegabytes10 - 1))}; }},
    Named{"large_claim", [](const auto&) { return Attack{kSocket, 0, 64, always("POST /apps/demo-app/events HTTP/1.1\r\nHost: x\r\nContent-Length: 10485761\r\n\r\n")}; }},
    Named{"duplicate_keys", [](const auto&) { return Attack{kWebSocket, 10, 64, always(text("{" + times(R"("event":"pusher:ping",)", 2'500) + R"("data":{}})"))}; }},
    Named{"long_names", [](const auto&) { return Attack{kWebSocket, 10, 64, always(subscribe(std::string(60'000, 'x')))}; }},
    Named{"channels", [](const auto&) { return Attack{kWebSocket, 105, 64, [](auto, auto number) { return subscribe("abuse-" + std::to_string(number)); }}; }},
    Named{"bad_signatures", [](const auto& app) { return Attack{kSocket, 4, 64, in_turn(bad_signatures(app))}; }},
    Named{"tls_silent", [](const auto&) { return Attack{kSocket}; }},
    Named{"tls_half_hellos", [](const auto&) { return Attack{kSocket, 0, 64, always(client_hello().substr(0, 100))}; }},
    Named{"tls_hellos", [](const auto&) { return Attack{kSocket, 0, 64, always(client_hello())}; }},
    Named{"tls_garbage", [](const auto&) { return Attack{kSocket, 0, 64, always("GET / HTTP/1.1\r\nHost: x\r\n\r\n")}; }},
    Named{"crowd", [](const auto&) { return Attack{{.websocket = true, .joins = "crowd"}}; }},
    Named{"reconnects", [](const auto&) { return Attack{{.websocket = true, .joins = "crowd", .leaves = true}}; }},
    Named{"deaf", [](const auto&) { return Attack{{.websocket = true, .joins = "deaf-", .deaf = true}}; }},
    Named{"deaf_little", [](const auto&) { return Attack{{.websocket = true, .joins = "little-", .deaf = true}}; }},
    Named{"deaf_together", [](const auto&) { return Attack{{.websocket = true, .joins = "attack", .deaf = true}}; }},
    Named{"unread_answers", [](const auto&) { return Attack{{.websocket = false, .joins = {}, .deaf = true}, 0, 64, always(times("GET / HTTP/1.1\r\nHost: x\r\n\r\n", 40))}; }},
    Named{"flood", [](const auto& app) { return Attack{kSocket, 1, 1, flood(app, "deaf-", 40)}; }},
    Named{"flood_little", [](const auto& app) { return Attack{kSocket, 1, 1, flood(app, "little-", 10)}; }},
    Named{"fast_publisher", [](const auto& app) { return Attack{kSocket, 1, 64, [app](auto, auto) { return bench::publish_request(app, bench::publish_body("e", "attack", 10'000)); }}; }},
};
// clang-format on

}  // namespace

Attack attack_named(std::string_view name, const bench::App& app) {
    for (const auto& [known, make] : kAttacks)
        if (known == name) return make(app);
    bench::fail("no attack is called " + std::string(name));
}

}  // namespace abuse
