#include "http/router.h"

#include <algorithm>

#include "base/assert.h"
#include "http/url.h"

namespace carillon::http {
namespace {

std::vector<std::string_view> split(std::string_view path) {
    std::vector<std::string_view> parts;
    if (path.empty() || path.front() != '/') return parts;  // "*" of OPTIONS: no segment, no route
    path.remove_prefix(1);
    for (;;) {
        const auto slash = path.find('/');
        parts.push_back(path.substr(0, slash));
        if (slash == std::string_view::npos) return parts;
        path.remove_prefix(slash + 1);
    }
}

void allow(std::vector<std::string>& methods, std::string_view method) {
    if (std::ranges::find(methods, method) == methods.end()) methods.emplace_back(method);
}

std::string joined(std::vector<std::string> methods) {
    std::ranges::sort(methods);
    std::string list;
    for (const auto& method : methods) list += (list.empty() ? "" : ", ") + method;
    return list;
}

Error clash(std::string_view method, std::string_view added, std::string_view present) {
    return Error{ErrorKind::invalid, "route " + std::string(method) + " " + std::string(added) +
                                         " clashes with " + std::string(method) + " " +
                                         std::string(present)};
}

}  // namespace

Responder& Responder::operator=(Responder&& other) noexcept {
    if (this == &other) return *this;
    give_up();
    callback_ = std::exchange(other.callback_, nullptr);
    return *this;
}

void Responder::respond(Response response) {
    ASSERT(callback_ != nullptr);
    // Empty before the call: the callback may destroy whoever holds this Responder.
    const auto callback = std::exchange(callback_, nullptr);
    callback(std::move(response));
}

void Responder::give_up() {
    if (callback_) respond(text(500, "The server did not answer this request.\n"));
}

Result<void> Router::on(std::string_view method, std::string_view pattern, Handler handler) {
    TRY_AS(auto* const route, route_for(pattern));
    for (const auto& answer : route->answers) {
        if (answer.method == method) return clash(method, pattern, route->pattern);
    }
    route->answers.push_back({std::string(method), std::move(handler)});
    return {};
}

Result<void> Router::upgrade(std::string_view pattern, UpgradeTarget& target) {
    TRY_AS(auto* const route, route_for(pattern));
    if (route->upgrade != nullptr) return clash("upgrade", pattern, route->pattern);
    route->upgrade = &target;
    return {};
}

Match Router::match(Request& request) const {
    const auto parts = split(request.path);
    std::vector<std::string> methods;
    for (const auto& route : routes_) {
        if (!fits(route, parts)) continue;
        Match match;
        if (choose(route, request, match)) {
            // A segment that does not decode names nothing that could be found.
            if (!fill_params(route, parts, request)) return {};
            return match;
        }
        for (const auto& answer : route.answers) allow(methods, answer.method);
        if (route.upgrade != nullptr) allow(methods, "GET");
        if (find_handler(route, "GET") != nullptr) allow(methods, "HEAD");
    }
    if (methods.empty()) return {};
    return {Match::Kind::method_not_allowed, nullptr, nullptr, joined(std::move(methods))};
}

// A plain GET on a path that only upgrades is chosen too: the handshake knows best what to say
// about what is missing.
bool Router::choose(const Route& route, const Request& request, Match& match) {
    const auto* const handler = find_handler(route, request.method);
    if (route.upgrade != nullptr && request.method == "GET" &&
        (handler == nullptr || request.has_header("Upgrade"))) {
        match = {Match::Kind::upgrade, nullptr, route.upgrade, {}};
        return true;
    }
    if (handler == nullptr) return false;
    match = {Match::Kind::handler, handler, nullptr, {}};
    return true;
}

const Handler* Router::find_handler(const Route& route, std::string_view method) {
    for (const auto& answer : route.answers) {
        if (answer.method == method) return &answer.handler;
    }
    return method == "HEAD" ? find_handler(route, "GET") : nullptr;
}

bool Router::fits(const Route& route, const std::vector<std::string_view>& parts) {
    return std::ranges::equal(route.segments, parts,
                              [](const Segment& segment, std::string_view part) {
                                  return segment.parameter ? !part.empty() : part == segment.text;
                              });
}

bool Router::fill_params(const Route& route, const std::vector<std::string_view>& parts,
                         Request& request) {
    request.params.clear();
    for (std::size_t i = 0; i < parts.size(); ++i) {
        if (!route.segments[i].parameter) continue;
        auto value = percent_decode(parts[i]);
        if (!value.has_value()) return false;
        request.params.emplace_back(route.segments[i].text, std::move(value).value());
    }
    return true;
}

Result<Router::Route*> Router::route_for(std::string_view below) {
    const auto pattern = below.starts_with('/') ? prefix_ + std::string(below) : std::string(below);
    TRY_AS(auto segments, parse(pattern));
    for (auto& route : routes_) {
        if (equivalent(route.segments, segments)) return &route;
    }
    Route added{pattern, std::move(segments), {}, nullptr};
    const auto place = std::ranges::upper_bound(routes_, added, more_literal);
    return &*routes_.insert(place, std::move(added));
}

Result<std::vector<Router::Segment>> Router::parse(std::string_view pattern) {
    const auto malformed = [&](const char* why) {
        return Error{ErrorKind::invalid, "route " + std::string(pattern) + ": " + why};
    };
    if (!pattern.starts_with('/')) return malformed("a pattern begins with /");
    std::vector<Segment> segments;
    for (const auto part : split(pattern)) {
        const bool parameter = part.size() > 2 && part.front() == '{' && part.back() == '}';
        const auto text = parameter ? part.substr(1, part.size() - 2) : part;
        if (text.find_first_of("{}") != std::string_view::npos) {
            return malformed("a parameter is a whole segment, {name}");
        }
        segments.push_back({std::string(text), parameter});
    }
    return segments;
}

bool Router::equivalent(const std::vector<Segment>& a, const std::vector<Segment>& b) {
    return std::ranges::equal(a, b, [](const Segment& x, const Segment& y) {
        return x.parameter == y.parameter && (x.parameter || x.text == y.text);
    });
}

bool Router::more_literal(const Route& a, const Route& b) {
    return std::ranges::lexicographical_compare(
        a.segments, b.segments,
        [](const Segment& x, const Segment& y) { return !x.parameter && y.parameter; });
}

Response refusal(const Match& match) {
    ASSERT(match.kind == Match::Kind::not_found || match.kind == Match::Kind::method_not_allowed);
    if (match.kind == Match::Kind::not_found) return text(404, "Nothing is found at this path.\n");
    auto response = text(405, "This path answers " + match.allow + " only.\n");
    response.headers.emplace_back("Allow", match.allow);
    return response;
}

}  // namespace carillon::http
