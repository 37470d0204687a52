#include "bridge/body.h"

#include "base/buffer.h"
#include "json/read.h"
#include "json/write.h"

namespace carillon::bridge {
namespace {

using hub::BodyKind;
using hub::Publication;
using hub::PublicationRef;
static_assert(base::Buffer::padding >= json::padding);

// The text if it is JSON, else as a JSON string. A text of JSON is read as the only element of an
// array: reading knows no values that stand alone.
void append_as_json(std::string_view text, base::Buffer& out) {
    base::Buffer array;
    array.append('[');
    array.append(text);
    array.append(']');
    const auto elements = json::read_array(array.view(), 2);
    if (elements.has_value() && elements->size() == 1) {
        out.append(elements->front());
    } else {
        json::append_quoted(text, out);
    }
}

void append_data(const Publication& publication, base::Buffer& out) {
    if (publication.body_kind() == BodyKind::text) {
        append_as_json(publication.body(), out);
    } else {
        out.append(publication.body());
    }
}

void append_envelope(const Publication& publication, std::string_view event, base::Buffer& out) {
    out.append(R"({"event":)");
    if (event.empty()) {
        out.append("null");
    } else {
        json::append_quoted(event, out);
    }
    out.append(R"(,"data":)");
    const auto size = out.size();
    append_data(publication, out);
    if (out.size() == size) out.append("null");
    out.append('}');
}

PublicationRef with(const Publication& old, std::string_view event, BodyKind kind,
                    std::string_view body) {
    return Publication::make({.kind = old.kind(),
                              .body_kind = kind,
                              .event = event,
                              .member = old.member(),
                              .body = body,
                              .origin = old.origin(),
                              .exclude = old.exclude(),
                              .passing = old.passing()});
}

}  // namespace

PublicationRef convert(const PublicationRef& publication, BodyRule rule, std::string_view event) {
    const auto kind = publication->body_kind();
    const auto name = publication->event().empty() ? event : publication->event();
    if (kind == BodyKind::binary && rule != BodyRule::same) return nullptr;
    base::Buffer body;
    if (rule == BodyRule::envelope) {
        append_envelope(*publication, name, body);
        return with(*publication, name, BodyKind::json, body.view());
    }
    if (rule == BodyRule::json && kind == BodyKind::text) {
        append_data(*publication, body);
        return with(*publication, name, BodyKind::json, body.view());
    }
    const auto kind_there = rule == BodyRule::text ? BodyKind::text : kind;
    if (kind_there == kind && name == publication->event()) return publication;
    return with(*publication, name, kind_there, publication->body());
}

}  // namespace carillon::bridge
