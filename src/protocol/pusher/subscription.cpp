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

bool is_signed_in_as(const UserData* user, std::string_view channel) {
    return user != nullptr && channel == user_channel(user->id);
}

// Who has signed in need not say again who he is.
Result<MemberData> member_of(const Subscribe& wish, const UserData* user) {
    if (wish.channel_data.empty() && user != nullptr) return MemberData{user->id, user->user_info};
    return parse_member(wish.channel_data);
}

}  // namespace

std::variant<Admission, Fault> judge(const Subscribe& wish, const hub::App& app,
                                     std::string_view socket_id, const UserData* user,
                                     bool allow_colon) {
    const auto kind = kind_of(wish.channel);
    if (kind.user && is_signed_in_as(user, wish.channel)) return Admission{};
    if (wish.channel.size() > app.limits.channel_name_bytes_max) {
        return Fault::subscription_name_length;
    }
    if (!is_legal_channel(wish.channel, allow_colon)) return Fault::subscription_name;
    // A user's channel is his alone, and there are no others of that sign.
    if (wish.channel.starts_with('#')) return Fault::subscription_unauthorized;
    if (kind.authenticated &&
        !verify_channel(app, socket_id, wish.channel, wish.channel_data, wish.auth)) {
        return Fault::subscription_unauthorized;
    }
    if (!kind.presence) return Admission{};
    auto member = member_of(wish, user);
    if (!member.has_value() || characters_in(member.value().user_id) > user_id_characters_max) {
        return Fault::subscription_member_data;
    }
    return Admission{true, std::move(member).value()};
}

Result<UserData> judge(const SignIn& wish, const hub::App& app, std::string_view socket_id) {
    if (!verify_user(app, socket_id, wish.user_data, wish.auth)) {
        return Error{ErrorKind::unauthorized, "not signed by this app"};
    }
    TRY_AS(auto user, parse_user(wish.user_data));
    if (characters_in(user.id) > user_id_characters_max) {
        return Error{ErrorKind::too_large, "a user's id of more than 128 characters"};
    }
    return user;
}

}  // namespace carillon::pusher
