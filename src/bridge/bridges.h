// bridge/bridges.h: which publications of one app are published in another too, under what name and
// with what body. Built once at start-up, then only read and counted; any thread. It decides what
// crosses and counts what cannot; the hub publishes, guards against circles and says how it ended.
//
//   which     every bridge of the app whose pattern is the channel's name or fits it: first those
//             that name it, then the patterns, each in the order in which they are configured. A
//             pattern never means a name that a protocol of the app reserves; a name in full may. A
//             hidden name is never carried and never reached.
//   name      must be one that clients of the other app can use. What the * stands for makes no
//             name there a reserved one: the operator writes "private-*", or no client's channel
//             becomes a private one.
//   refused   name, body, too_large: counted for each bridge, and the first of each logged.
//
// What can be known at start is an error at start: a syntax, an app that is not there, a name in
// full that means nothing on one of the sides.
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "bridge/pattern.h"
#include "bridge/rule.h"
#include "hub/ports.h"

namespace carillon::bridge {

// An app that a bridge may begin in or lead to, and what the protocols that speak for it say of a
// name. Any thread; a question that nobody answers is a no, except can_name: then all are legal.
struct Place {
    using Question = std::function<bool(std::string_view channel)>;
    hub::AppRef app;
    Question is_reserved{};  // it means more to one of them than to the others
    Question is_hidden{};    // it is one's own: nobody else reads or writes it
    Question can_name{};     // a client could use it; how long it may be the app says
};

// What became of a publication that a bridge was to carry.
enum class Ending : unsigned char {
    crossed,
    name,        // no name that the other app's clients could use
    body,        // no form of the body under the bridge's rule
    too_large,   // body or event name beyond what the other app allows
    looped,      // it had been there already
    too_far,     // it came over too many bridges, or to too many channels
    overloaded,  // there was no room for it
};
inline constexpr std::size_t endings = 7;
std::string_view name_of(Ending fate);

// What is wrong with a rule whatever apps there are; the Error does not repeat it.
Result<void> check(const Rule& rule);

class Bridges final : public hub::Bridges {
 public:
    // An Error names the bridge. `log` outlives it.
    static Result<std::unique_ptr<Bridges>> make(std::span<const Rule> rules,
                                                 std::span<const Place> places, base::Log& log);

    bool empty() const { return bridges_.empty(); }
    bool lead_from(const hub::App& app) const override { return from_.contains(app.id); }
    void cross(const hub::App& from, std::string_view channel,
               const hub::PublicationRef& publication, std::vector<Crossing>& out) const override;
    void told(std::size_t bridge, End end) const override;

    // Every number of every bridge, also a zero. Any thread.
    using Visit = std::function<void(std::string_view bridge, Ending fate, std::uint64_t count)>;
    void each(const Visit& visit) const;

 private:
    struct Bridge {
        std::string text;  // "shop/chat:* -> demo-app/chat-*"
        Pattern pattern;
        Pattern rename;
        BodyRule body;
        std::string event;
        const Place* to;
        bool to_reserved;  // the operator wrote a reserved name, whatever the * stands for
        mutable std::array<std::atomic<std::uint64_t>, endings> counts{};
    };
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view name) const {
            return std::hash<std::string_view>{}(name);
        }
    };
    // What begins in one app: indices of bridges_.
    struct Begins {
        const Place* place = nullptr;
        std::unordered_map<std::string, std::vector<std::size_t>, Hash, std::equal_to<>> by_name{};
        std::vector<std::size_t> patterns{};
    };

    explicit Bridges(std::span<const Place> places, base::Log& log)
        : places_(places.begin(), places.end()), log_(log) {}
    Result<void> add(const Rule& rule);
    Result<const Place*> find_place(std::string_view app) const;
    void cross_one(std::size_t index, std::string_view channel,
                   const hub::PublicationRef& publication, std::vector<Crossing>& out) const;
    void refuse(const Bridge& bridge, Ending why) const;
    static std::uint64_t count(const Bridge& bridge, Ending fate);

    const std::vector<Place> places_;
    std::vector<std::unique_ptr<const Bridge>> bridges_;  // they do not move: they count
    std::unordered_map<std::string, Begins> from_;        // by the app's id
    base::Log& log_;
};

}  // namespace carillon::bridge
