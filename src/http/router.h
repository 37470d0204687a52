// http/router.h: which handler answers which method and path, and where clients upgrade to
// WebSocket. Filled at start-up by the protocols (a clash is a start-up error that names both
// routes), then only read, by every loop.
//
//   pattern := "/" | 1*( "/" segment )
//   segment := literal | "{" name "}"      {name} matches one non-empty segment
//
// Literals are compared with the raw path, byte by byte; parameters are percent-decoded after the
// path was split, so an encoded slash stays inside its segment.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "http/request.h"
#include "http/response.h"

namespace carillon::http {

// The right and the duty to answer one request, exactly once. A handler answers at once or keeps
// the Responder and answers later; one that is dropped unanswered says 500, so that no client waits
// for a forgotten promise. The callback runs on the thread that calls respond(); edge sees to it
// that this is its loop.
class Responder {
 public:
    using Callback = std::function<void(Response)>;

    explicit Responder(Callback callback) : callback_(std::move(callback)) {}
    Responder(Responder&& other) noexcept : callback_(std::exchange(other.callback_, nullptr)) {}
    Responder& operator=(Responder&& other) noexcept;
    Responder(const Responder&) = delete;
    Responder& operator=(const Responder&) = delete;
    ~Responder() { give_up(); }

    // A second answer, or one through a moved-from Responder, is an ASSERT.
    void respond(Response response);

 private:
    void give_up();

    Callback callback_;  // empty: answered, or moved elsewhere
};

using Handler = std::function<void(Request&, Responder)>;

// Where a WebSocket route leads. This room hands the reference back and never looks inside; edge
// knows what it is.
struct UpgradeTarget {
 protected:
    ~UpgradeTarget() = default;
};

struct Match {
    enum class Kind : unsigned char { handler, upgrade, not_found, method_not_allowed };

    Kind kind = Kind::not_found;
    const Handler* handler = nullptr;  // for Kind::handler; lives as long as the router
    UpgradeTarget* upgrade = nullptr;  // for Kind::upgrade
    std::string allow;                 // for Kind::method_not_allowed: "GET, HEAD, POST"
};

// Stands before all routes of a router, if it has one: hears of each request before anything
// answers, may answer in the route's place, and gives headers to whatever the answer is: a handler's
// however late, a 404, a 405. Any loop calls it.
struct Doorman {
    struct Word {
        std::optional<Response> instead{};  // also of an upgrade, whose connection then ends
        std::vector<std::pair<std::string, std::string>> headers{};  // not in an accepted upgrade
    };
    virtual Word greet(const Request& request, const Match& match, Now now) = 0;

 protected:
    ~Doorman() = default;
};

class Router {
 public:
    // What is added from here on stands below this path: "/ws", or empty. Handlers still see the
    // path as received, for signatures are made over it.
    void mount(std::string prefix) { prefix_ = std::move(prefix); }
    // Borrowed; outlives the router.
    void set_doorman(Doorman& doorman) { doorman_ = &doorman; }
    Doorman* doorman() const { return doorman_; }

    // An Error if the pattern is malformed or the same question already has an answer.
    Result<void> on(std::string_view method, std::string_view pattern, Handler handler);
    // The target is borrowed and outlives the router. A path may have an upgrade and a GET handler:
    // a GET with an Upgrade header goes to the first, without one to the second.
    Result<void> upgrade(std::string_view pattern, UpgradeTarget& target);

    // Fills request.params. The most literal pattern that knows the method wins, compared segment
    // by segment from the left. HEAD falls to GET's handler (encode() leaves the body out).
    Match match(Request& request) const;

 private:
    struct Segment {
        std::string text;  // the literal, or the parameter's name
        bool parameter = false;
    };
    struct Answer {
        std::string method;
        Handler handler;
    };
    struct Route {
        std::string pattern;  // as first registered, for error messages
        std::vector<Segment> segments;
        std::vector<Answer> answers;
        UpgradeTarget* upgrade = nullptr;
    };

    static Result<std::vector<Segment>> parse(std::string_view pattern);
    static bool equivalent(const std::vector<Segment>& a, const std::vector<Segment>& b);
    static bool more_literal(const Route& a, const Route& b);
    static bool fits(const Route& route, const std::vector<std::string_view>& parts);
    static const Handler* find_handler(const Route& route, std::string_view method);
    static bool fill_params(const Route& route, const std::vector<std::string_view>& parts,
                            Request& request);
    static bool choose(const Route& route, const Request& request, Match& match);
    Result<Route*> route_for(std::string_view pattern);

    std::string prefix_;
    Doorman* doorman_ = nullptr;
    std::vector<Route> routes_;  // sorted: a route stands before those less literal than itself
};

// The 404 or 405 for a Match that leads nowhere.
Response refusal(const Match& match);

}  // namespace carillon::http
