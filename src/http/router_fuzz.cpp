// input := *( pattern LF ) LF method LF path. The route that is found is one that fits, segment by
// segment, none that fits is more literal, and its parameters are what stands in the path.
// fuzzes: router.cpp
#include <string>
#include <vector>

#include "base/assert.h"
#include "http/router.h"
#include "http/url.h"

namespace {

using namespace carillon;

std::string_view next(std::string_view& rest, char end) {
    const auto part = rest.substr(0, rest.find(end));
    rest.remove_prefix(std::min(rest.size(), part.size() + 1));
    return part;
}

bool is_parameter(std::string_view segment) {
    return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

// "L" for each literal and "P" for each parameter of a pattern that fits; the smallest is the most
// literal. Empty: it does not fit.
std::string shape_if_fits(std::string_view pattern, std::string_view path) {
    std::string shape;
    while (!pattern.empty() && !path.empty()) {
        if (pattern.front() != '/' || path.front() != '/') return {};
        pattern.remove_prefix(1);
        path.remove_prefix(1);
        const auto segment = pattern.substr(0, pattern.find('/'));
        const auto part = path.substr(0, path.find('/'));
        const bool parameter = is_parameter(segment);
        if (parameter ? part.empty() : part != segment) return {};
        shape += parameter ? 'P' : 'L';
        pattern.remove_prefix(segment.size());
        path.remove_prefix(part.size());
    }
    return pattern.empty() && path.empty() ? shape : std::string();
}

struct Target final : http::UpgradeTarget {};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    std::string_view rest(reinterpret_cast<const char*>(data), size);
    http::Router router;
    Target target;
    std::vector<std::string> patterns;
    std::string answered;
    for (auto line = next(rest, '\n'); !line.empty() && patterns.size() < 16;
         line = next(rest, '\n')) {
        const std::string pattern(line);
        const auto handler = [&answered, pattern](http::Request&, http::Responder responder) {
            answered = pattern;
            responder.respond(http::text(200, "here"));
        };
        if (router.on("GET", pattern, handler).has_value()) {
            patterns.push_back(pattern);
            ASSERT(!router.on("GET", pattern, handler).has_value());  // it is taken
        }
        if (pattern.ends_with("ws")) (void)router.upgrade(pattern, target);
    }
    http::Request request;
    request.method = next(rest, '\n');
    request.path = rest;

    std::string best;
    for (const auto& pattern : patterns) {
        const auto shape = shape_if_fits(pattern, request.path);
        if (!shape.empty() && (best.empty() || shape < best)) best = shape;
    }
    const auto match = router.match(request);
    if (match.kind == http::Match::Kind::handler) {
        ASSERT(request.method == "GET" || request.method == "HEAD");
        (*match.handler)(request, http::Responder([](const http::Response&) {}));
        ASSERT(!best.empty() && shape_if_fits(answered, request.path) == best);
        std::string_view path = request.path;
        std::size_t parameters = 0;
        next(path, '/');
        for (const char kind : best) {
            const auto part = next(path, '/');
            if (kind == 'L') continue;
            ASSERT(request.params.at(parameters++).second == http::percent_decode(part).value());
        }
        ASSERT(parameters == request.params.size());
        for (const auto& [name, value] : request.params) {
            ASSERT(!request.param(name).empty());  // of two with one name, the first
        }
    } else if (match.kind != http::Match::Kind::upgrade) {
        // Nothing of ours fits; or what fits does not know the method, or does not decode.
        const bool gets = request.method == "GET" || request.method == "HEAD";
        if (gets && !best.empty()) ASSERT(request.path.find('%') != std::string::npos);
        const auto refusal = http::refusal(match);
        ASSERT(refusal.status == (match.allow.empty() ? 404 : 405));
    }
    return 0;
}
