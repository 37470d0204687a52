#include "protocol/pusher/subscription.h"

#include "protocol/pusher/names.h"
#include "protocol/pusher/signature.h"

namespace carillon::pusher {
namespace {

constexpr std::size_t user_id_characters_max = 128;

std::size_t characters_in(std::string_view text) {
    std::size_t count = 0;
    for (const unsigned char byte : text) count += (byte & 0xc0) != 0x80;
    return count;
}

}  // namespace

std::variant<Admission, Fault> judge(const Subscribe& wish, const hub::App& app,
                                     std::string_view socket_id) {
    if (wish.channel.size() > app.limits.channel_name_bytes_max) {
        return Fault::subscription_name_length;
    }
    if (!is_legal_channel(wish.channel)) return Fault::subscription_name;
    const auto kind = kind_of(wish.channel);
    // Until clients can sign in, nobody is the user whose channel this is.
    if (kind.user || wish.channel.starts_with('#')) return Fault::subscription_unauthorized;
    if (kind.authenticated &&
        !verify_channel(app, socket_id, wish.channel, wish.channel_data, wish.auth)) {
        return Fault::subscription_unauthorized;
    }
    if (!kind.presence) return Admission{};
    auto member = parse_member(wish.channel_data);
    if (!member.has_value() || characters_in(member.value().user_id) > user_id_characters_max) {
        return Fault::subscription_member_data;
    }
    return Admission{true, std::move(member).value()};
}

}  // namespace carillon::pusher
