// input := method LF path LF query LF body. Whatever it is, a stranger's request is refused without
// a crash, and the same request signed with the secret is refused only for its age or its fields.
// fuzzes: signature.cpp names.cpp
#include <string>
#include <string_view>

#include "auth/hmac.h"
#include "base/assert.h"
#include "protocol/pusher/names.h"
#include "protocol/pusher/signature.h"

namespace {

using namespace carillon;

std::string_view next_line(std::string_view& rest) {
    const auto line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    return line;
}

hub::App demo() {
    hub::App app;
    app.id = "3";
    app.key = "278d425bdf160c739803";
    app.secret = "7ad3773142a6692b25b8";
    return app;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    static const auto app = demo();
    const Now now{0, 1'353'088'179'000};
    std::string_view rest(reinterpret_cast<const char*>(data), size);
    http::Request request;
    request.method = next_line(rest);
    request.path = next_line(rest);
    request.query = next_line(rest);
    request.body = rest;

    const auto text = pusher::request_text(request);
    const bool accepted = pusher::verify_request(app, request, now).has_value();
    if (text.has_value()) {
        // The signature is no part of what it signs.
        const auto hex = auth::hmac_sha256_hex(app.secret, {text.value()});
        ASSERT(!accepted || request.query.find(hex.substr(0, 2)) != std::string::npos ||
               request.query.find('%') != std::string::npos);
        request.query += "&auth_signature=" + hex;
        ASSERT(pusher::request_text(request).value() == text.value());
    } else {
        ASSERT(!accepted);
    }

    const auto id = pusher::parse_socket_id(request.query);
    if (id && *id) ASSERT(pusher::parse_socket_id(pusher::socket_id_of(*id)) == id);
    const auto hex = pusher::channel_signature(app, request.method, request.path, request.body);
    ASSERT(!pusher::verify_channel(app, request.method, request.path, request.body, hex));
    ASSERT(pusher::verify_channel(app, request.method, request.path, request.body,
                                  app.key + ":" + hex));
    const auto user = pusher::user_signature(app, request.method, request.body);
    ASSERT(pusher::verify_user(app, request.method, request.body, app.key + ":" + user));
    ASSERT(!pusher::verify_user(app, request.method, request.body + "x", app.key + ":" + user));
    return 0;
}
