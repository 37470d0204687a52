#include "protocol/pusher/encoder.h"

#include "auth/base64.h"
#include "json/write.h"
#include "protocol/pusher/names.h"

namespace carillon::pusher {
namespace {

constexpr std::string_view event_default = "message";

void append_event_and_channel(std::string_view event, std::string_view channel, base::Buffer& out) {
    out.append(R"({"event":)");
    json::append_quoted(event, out);
    if (channel.empty() || is_own_channel(channel)) return;
    out.append(R"(,"channel":)");
    json::append_quoted(channel, out);
}

void append_data(const hub::Publication& publication, base::Buffer& out) {
    const auto body = publication.body();
    switch (publication.body_kind()) {
        case hub::BodyKind::text:
            out.append(R"(,"data":)");
            json::append_quoted(body, out);
            break;
        case hub::BodyKind::json:
            if (body.empty()) return;
            out.append(R"(,"data":)");
            out.append(body);
            break;
        case hub::BodyKind::binary:
            out.append(R"(,"data":")");
            auth::append_base64(body, out);
            out.append('"');
            break;
    }
}

void encode_message(const hub::Delivery& delivery, base::Buffer& out) {
    const auto& publication = delivery.publication;
    const auto event = publication.event();
    append_event_and_channel(event.empty() ? event_default : event, delivery.channel, out);
    append_data(publication, out);
    if (!publication.member().empty()) {
        out.append(R"(,"user_id":)");
        json::append_quoted(publication.member(), out);
    }
    out.append('}');
}

// A string that holds JSON that holds a string: the inner text is made first and escaped once more.
void encode_member_event(const hub::Delivery& delivery, base::Buffer& out) {
    const auto& publication = delivery.publication;
    const bool joined = publication.kind() == hub::Kind::joined;
    base::Buffer inner;
    inner.append(R"({"user_id":)");
    json::append_quoted(publication.member(), inner);
    const auto user_info = publication.body();
    if (joined && !user_info.empty() && user_info != "null") {
        inner.append(R"(,"user_info":)");
        inner.append(user_info);
    }
    inner.append('}');
    append_event_and_channel(
        joined ? "pusher_internal:member_added" : "pusher_internal:member_removed",
        delivery.channel, out);
    out.append(R"(,"data":)");
    json::append_quoted(inner.view(), out);
    out.append('}');
}

class WireEncoder final : public hub::Encoder {
 public:
    bool encode(const hub::Delivery& delivery, base::Buffer& out) const override {
        switch (delivery.publication.kind()) {
            case hub::Kind::message:
            case hub::Kind::announcement:
                encode_message(delivery, out);
                return true;
            case hub::Kind::joined:
            case hub::Kind::left:
                encode_member_event(delivery, out);
                return true;
            case hub::Kind::gap:
                return false;  // this protocol has no word for it
        }
        return false;
    }
};

}  // namespace

const hub::Encoder& wire_encoder() {
    static const WireEncoder encoder;
    return encoder;
}

}  // namespace carillon::pusher
