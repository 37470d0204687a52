// protocol/pusher/testing_replay.h: for tests only: reads transcripts/*.txt and plays them on a
// stage: a server without sockets (transcript_test.cpp), the whole one over real ones
// (server/transcripts_test.cpp). The SDKs can replay the same files.
//
//   line      := "#" comment | "" | [client] "+" target | [client] ">" message | [client] "<" body
//              | "=" [path " "] HTTP body, signed | [client] "-" | [client] "!" code reason
//              | "~" milliseconds | "?" *( switch "=" value )
//   client    := letter; none is "a"       "+" connects, "-" disconnects, "!" the server closed it,
//                                          "~" lets time pass and every client's timers run
//   path      := "/" …, below /apps/{id}; none is /events
//   switch    := the name of an app's field in the configuration file; before the first "+"
//   In all: $SOCKET is that client's socket id, $SOCKET_b another's. In a message, $AUTH is the
//   signature for its data.channel and data.channel_data, $USERAUTH that for its data.user_data, as
//   the customer's backend would give them.
//   Bodies are compared byte for byte. Before anybody acts or time passes, and at the end, nobody
//   may have heard more than was listed: what comes too early is as wrong as what never comes.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "hub/app.h"
#include "json/read.h"
#include "protocol/pusher/signature.h"
#include "protocol/pusher/testing_fakes.h"

namespace carillon::pusher::testing {

// Where a transcript is played.
class Stage {
 public:
    Stage() = default;
    Stage(const Stage&) = delete;
    Stage& operator=(const Stage&) = delete;
    virtual ~Stage() = default;

    virtual void connect(char who, const std::string& target) = 0;
    virtual void say(char who, const std::string& message) = 0;
    virtual void leave(char who) = 0;
    virtual int post(const std::string& path, const std::string& body) = 0;  // signed; the status
    virtual void pass_ms(std::int64_t ms) = 0;

    virtual std::string socket_id(char who) = 0;
    virtual std::string hear(char who) = 0;    // the next body; if there is none, a word about it
    virtual std::string closed(char who) = 0;  // "4001 text"
    virtual std::vector<std::string> unheard(char who) = 0;  // of one who is still there
};

// The app of every transcript, before its switches.
inline hub::App transcript_app() {
    auto app = reference_app();
    app.sign_in = true;
    app.watchlists = true;
    return app;
}

inline void set_switch(hub::App& app, std::string_view name, std::string_view value) {
    const std::pair<std::string_view, bool*> booleans[] = {
        {"enabled", &app.enabled},
        {"enable_client_messages", &app.client_events},
        {"enable_subscription_count", &app.subscription_counts},
        {"enable_user_authentication", &app.sign_in},
        {"enable_watchlist_events", &app.watchlists},
        {"terminate_on_limit", &app.client_events_or_end},
    };
    const std::tuple<std::string_view, std::uint32_t*, std::uint32_t> numbers[] = {
        {"decay_seconds", &app.limits.client_events_window_s, 1},
        {"max_channel_name_length", &app.limits.channel_name_bytes_max, 1},
        {"max_client_events_per_second", &app.limits.client_events_per_second, 1},
        {"max_connections", &app.limits.connections_max, 1},
        {"max_event_name_length", &app.limits.event_name_bytes_max, 1},
        {"max_event_payload_in_kb", &app.limits.event_payload_bytes_max, 1024},
        {"max_presence_member_size_in_kb", &app.limits.presence_member_bytes_max, 1024},
        {"max_presence_members_per_channel", &app.limits.presence_members_max, 1},
    };
    for (const auto& [known, place] : booleans) {
        if (known != name) continue;
        ASSERT_TRUE(value == "true" || value == "false") << value;
        *place = value == "true";
        return;
    }
    for (const auto& [known, place, unit] : numbers) {
        if (known != name) continue;
        *place = static_cast<std::uint32_t>(std::stoul(std::string(value))) * unit;
        return;
    }
    FAIL() << "no switch is called " << name;
}

inline void replace_all(std::string& text, std::string_view what, std::string_view with) {
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size()))
        text.replace(at, what.size(), with);
}

// One file, read: its app, and the lines that are played.
struct Transcript {
    struct Line {
        int number;
        std::string text;
    };
    hub::App app = transcript_app();
    std::vector<Line> lines{};
};

inline Transcript read_transcript(const std::filesystem::path& path) {
    Transcript transcript;
    std::ifstream file(path);
    std::string text;
    for (int number = 1; std::getline(file, text); ++number) {
        if (text.empty() || text.front() == '#') continue;
        if (text.front() != '?') {
            transcript.lines.push_back({number, text});
            continue;
        }
        EXPECT_TRUE(transcript.lines.empty()) << path << ": switches stand at the top";
        std::istringstream words(text.substr(1));
        for (std::string word; words >> word;) {
            const auto equals = std::min(word.find('='), word.size());
            set_switch(transcript.app, word.substr(0, equals),
                       word.substr(std::min(equals + 1, word.size())));
        }
    }
    return transcript;
}

class Replay {
 public:
    Replay(const hub::App& app, Stage& stage) : app_(app), stage_(stage) {}

    void line(const std::string& text) {
        const bool named = text.front() >= 'a' && text.front() <= 'z';
        const char who = named ? text.front() : 'a';
        const auto verb = text[named ? 1 : 0];
        auto rest = text.substr(std::min(text.size(), static_cast<std::size_t>(named ? 3 : 2)));
        if (verb != '<' && verb != '!') expect_nothing_more();
        for (const char other : known_) {
            replace_all(rest, std::string("$SOCKET_") + other, stage_.socket_id(other));
        }
        if (verb == '+') {
            stage_.connect(who, rest);
            known_.insert(who);
            here_.insert(who);
        } else if (verb == '=') {
            post(rest);
        } else if (verb == '~') {
            stage_.pass_ms(std::stoll(rest));
        } else {
            ASSERT_TRUE(known_.contains(who)) << who << " has not connected";
            replace_all(rest, "$SOCKET", stage_.socket_id(who));
            client_line(verb, who, rest);
        }
    }
    void end() { expect_nothing_more(); }

 private:
    void client_line(char verb, char who, const std::string& rest) {
        switch (verb) {
            case '>':
                stage_.say(who, with_signatures(who, rest));
                break;
            case '<':
                EXPECT_EQ(stage_.hear(who), rest);
                break;
            case '-':
                here_.erase(who);
                stage_.leave(who);
                break;
            case '!':
                here_.erase(who);
                EXPECT_EQ(stage_.closed(who), rest);
                break;
            default:
                FAIL() << "what is this?";
        }
    }
    void expect_nothing_more() {
        for (const char who : here_) {
            const auto bodies = stage_.unheard(who);
            EXPECT_TRUE(bodies.empty()) << who << " heard more: " << bodies.front();
        }
    }
    void post(const std::string& rest) {
        if (!rest.starts_with('/')) {
            EXPECT_EQ(stage_.post("/events", rest), 200);
            return;
        }
        const auto space = std::min(rest.find(' '), rest.size());
        EXPECT_EQ(stage_.post(rest.substr(0, space), rest.substr(std::min(space + 1, rest.size()))),
                  200);
    }
    std::string with_signatures(char who, std::string message) {
        for (const std::string_view name : {"$AUTH", "$USERAUTH"}) {
            if (message.find(name) == std::string::npos) continue;
            const auto copy = padded(message);
            std::array outer{json::Member{"data"}};
            EXPECT_TRUE(json::read_object(copy, outer).has_value());
            std::array inner{json::Member{"channel"}, json::Member{"channel_data"},
                             json::Member{"user_data"}};
            EXPECT_TRUE(json::read_object(outer[0].text, inner).has_value());
            const auto text = [&](std::size_t i) {
                return inner[i].text.empty() ? "" : json::decode_string(inner[i].text).value();
            };
            const auto socket = stage_.socket_id(who);
            const auto signature = name == "$AUTH"
                                       ? channel_signature(app_, socket, text(0), text(1))
                                       : user_signature(app_, socket, text(2));
            replace_all(message, name, app_.key + ":" + signature);
        }
        return message;
    }

    const hub::App& app_;
    Stage& stage_;
    std::set<char> known_;  // who ever came
    std::set<char> here_;   // who has neither left nor been closed
};

// Plays every transcript, each on a stage of its own, set for its app.
inline void replay_all(const std::function<std::unique_ptr<Stage>(const hub::App&)>& make_stage) {
    const auto folder = std::filesystem::path(__FILE__).parent_path() / "transcripts";
    std::set<std::filesystem::path> files;
    for (const auto& file : std::filesystem::directory_iterator(folder)) {
        if (file.path().extension() == ".txt") files.insert(file.path());
    }
    EXPECT_GE(files.size(), 11U);
    for (const auto& file : files) {
        SCOPED_TRACE(file.filename());
        const auto transcript = read_transcript(file);
        const auto stage = make_stage(transcript.app);
        Replay replay(transcript.app, *stage);
        for (const auto& [number, text] : transcript.lines) {
            SCOPED_TRACE("line " + std::to_string(number) + ": " + text);
            replay.line(text);
        }
        replay.end();
    }
}

}  // namespace carillon::pusher::testing
