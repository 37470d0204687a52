#include "admin/console.h"

#include <algorithm>
#include <string>

#include "admin/console_files.h"

namespace carillon::admin {
namespace {

// Nothing inline and nothing from elsewhere: a message that came to be markup could still run
// nothing. ws: and wss: are named because 'self' does not cover them in every browser.
constexpr const char* security_policy =
    "default-src 'self'; connect-src 'self' ws: wss:; object-src 'none'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'";

const ConsoleFile* find_file(std::string_view name) {
    const auto files = console_files();
    const auto at = std::ranges::find(files, name, &ConsoleFile::name);
    return at == files.end() ? nullptr : &*at;
}

// RFC 9110 §13.1.2: a list or "*", compared weakly.
bool has_it_already(const http::Request& request, std::string_view etag) {
    bool known = false;
    http::for_each_element(request.header("If-None-Match"), [&](std::string_view element) {
        if (element.starts_with("W/")) element.remove_prefix(2);
        known = known || element == etag || element == "*";
    });
    return known;
}

http::Response answer(const http::Request& request, const ConsoleFile& file) {
    http::Response response;
    response.headers = {
        {"ETag", std::string(file.etag)},
        // Kept, but asked about each time: after an upgrade no old script meets a new page.
        {"Cache-Control", "no-cache"},
        {"Content-Security-Policy", security_policy},
        {"X-Content-Type-Options", "nosniff"},
        {"Referrer-Policy", "no-referrer"},
        {"X-Frame-Options", "DENY"},
    };
    if (has_it_already(request, file.etag)) {
        response.status = 304;
        return response;
    }
    response.headers.emplace_back("Content-Type", file.content_type);
    response.body = file.bytes;
    return response;
}

void serve(std::string_view name, const http::Request& request, http::Responder& responder) {
    const auto* file = find_file(name);
    responder.respond(file != nullptr ? answer(request, *file) : http::refusal({}));
}

}  // namespace

Result<void> console_routes(http::Router& router) {
    TRY(router.on("GET", "/", [](http::Request& request, http::Responder responder) {
        serve("index.html", request, responder);
    }));
    return router.on("GET", "/console/{file}",
                     [](http::Request& request, http::Responder responder) {
                         serve(request.param("file"), request, responder);
                     });
}

}  // namespace carillon::admin
