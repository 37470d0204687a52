// input := rule(1) kind(1) event LF body. What crosses a bridge as JSON is JSON, and says what the
// body said; nobody who spoke or is left out is forgotten on the way.
// fuzzes: body.cpp
#include <array>
#include <string>

#include "base/assert.h"
#include "bridge/body.h"
#include "json/testing.h"
#include "json/write.h"

namespace {

using namespace carillon;
using hub::BodyKind;

bool is_json(std::string_view text) {
    const auto array = json::testing::padded("[" + std::string(text) + "]");
    const auto elements = json::read_array(array, 2);
    return elements.has_value() && elements->size() == 1;
}

// Text is UTF-8 by the time it is published: every way in sees to it.
bool is_text(std::string_view text) {
    base::Buffer quoted;
    json::append_quoted(text, quoted);
    return is_json(quoted.view());
}

void check_envelope(std::string_view body, std::string_view event, const hub::Publication& from) {
    const auto text = json::testing::padded(body);
    std::array members{json::Member{"event"}, json::Member{"data"}};
    ASSERT(json::read_object(text, members).has_value());
    if (event.empty()) {
        ASSERT(members[0].text == "null");
    } else {
        ASSERT(json::decode_string(members[0].text).value() == event);
    }
    if (from.body_kind() == BodyKind::text && !is_json(from.body())) {
        ASSERT(json::decode_string(members[1].text).value() == from.body());
    }
}

void check(const hub::PublicationRef& from, bridge::BodyRule rule, std::string_view event) {
    const auto to = bridge::convert(from, rule, event);
    const bool binary = from->body_kind() == BodyKind::binary;
    ASSERT((to == nullptr) == (binary && rule != bridge::BodyRule::same));
    if (to == nullptr) return;
    ASSERT(to->origin() == from->origin() && to->exclude() == from->exclude());
    ASSERT(to->member() == from->member() && to->kind() == from->kind());
    const auto name = from->event().empty() ? event : from->event();
    ASSERT(to->event() == name);
    const bool changed = rule == bridge::BodyRule::envelope ||
                         (rule == bridge::BodyRule::json && from->body_kind() == BodyKind::text);
    if (!changed) ASSERT(to->body() == from->body());
    if (changed) ASSERT(to->body_kind() == BodyKind::json && is_json(to->body()));
    if (rule == bridge::BodyRule::text) ASSERT(to->body_kind() == BodyKind::text);
    if (rule == bridge::BodyRule::envelope) check_envelope(to->body(), name, *from);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    if (size < 2) return 0;
    std::string_view body(reinterpret_cast<const char*>(data) + 2, size - 2);
    const auto rule = static_cast<bridge::BodyRule>(data[0] % 4);
    const auto kind = static_cast<BodyKind>(data[1] % 3);
    const auto event = body.substr(0, body.find('\n'));
    body.remove_prefix(std::min(body.size(), event.size() + 1));
    if (!is_text(event)) return 0;
    if (kind == BodyKind::text && !is_text(body)) return 0;
    if (kind == BodyKind::json && !body.empty() && !is_json(body)) return 0;

    // A name of its own, or that of the bridge.
    const bool own = (data[1] & 0x80) != 0;
    check(hub::Publication::make({.body_kind = kind,
                                  .event = own ? event : std::string_view(),
                                  .member = "somebody",
                                  .body = body,
                                  .origin = {1},
                                  .exclude = {2}}),
          rule, own ? "another" : event);
    return 0;
}
