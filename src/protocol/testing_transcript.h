// protocol/testing_transcript.h: for tests only: reads a protocol's transcripts/*.txt and plays them
// on a stage: its sessions without sockets (HouseStage, below), or a whole server over real ones.
// The SDKs can replay the same files.
//
//   line    := "" | "#" comment | "?" *( " " switch "=" value )      before anything else: the stage's
//            | [client] "+" " " path [" " subprotocol]               connects
//            | [client] ">" " " text   | [client] ">>" " " hex       the client says; the second in a
//                                                                    binary message
//            | [client] "<" " " body   | [client] "<<" " " hex       is told, byte for byte
//            | [client] "*"            | [client] "^"                is pinged; sends a pong. Where
//                                                                    the framing has such
//            | [client] "-"            | [client] "!" " " code " " reason    leaves; was closed
//            | "=" " " method " " path *header [" " body]            somebody asks over HTTP; the next
//            | "=<" " " status *header [" " body]                    line is what he is answered
//            | "~" " " milliseconds                                  time passes, and all timers run
//   client  := letter; none is "a"
//   header  := " " name ":" ( word | '"' text '"' )     in an answer: one that must be there
//   In all: $NAME and $NAME(arguments) are what the protocol's own Variables say; NAME is in upper
//   case, and brackets inside the arguments come in pairs.
//   An answer's body is compared if there is one in the line. Before anybody acts or time passes, and
//   at the end, nobody may have heard more than was listed: what comes too early is as wrong as what
//   never comes.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <deque>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.h"
#include "http/request.h"
#include "http/response.h"
#include "json/read.h"
#include "protocol/testing_house.h"

namespace carillon::protocol::testing {

// Where a transcript is played.
class Stage {
 public:
    Stage() = default;
    Stage(const Stage&) = delete;
    Stage& operator=(const Stage&) = delete;
    virtual ~Stage() = default;

    virtual void connect(char who, const std::string& path, const std::string& subprotocol) = 0;
    virtual void say(char who, const std::string& message, Message::Kind kind) = 0;
    virtual void leave(char who) = 0;
    virtual http::Response ask(http::Request request) = 0;  // answered when it returns
    virtual void pass_ms(std::int64_t ms) = 0;
    virtual Now now() = 0;

    virtual std::string hear(char who) = 0;    // the next body; if there is none, a word about it
    virtual bool pinged(char who) = 0;         // since the last time
    virtual std::string closed(char who) = 0;  // "1008 text"
    virtual std::vector<std::string> unheard(char who) = 0;  // of one who is still there
};

// What "$TOKEN(…)" stands for, with what is in its brackets; nullopt: it is no variable.
using Variables = std::function<std::optional<std::string>(std::string_view name,
                                                           std::string_view arguments, Now now)>;

// One file, read.
struct Transcript {
    struct Line {
        int number;
        std::string text;
    };
    std::map<std::string, std::string> switches{};
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
            const auto equals = word.find('=');
            EXPECT_NE(equals, std::string::npos) << word;
            transcript.switches[word.substr(0, equals)] =
                word.substr(std::min(word.size(), equals + 1));
        }
    }
    return transcript;
}

// "00ff" as the two bytes that it says, and back.
inline std::string bytes_of_hex(std::string_view hex) {
    std::string bytes;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
        bytes += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
    }
    return bytes;
}

inline std::string hex_of_bytes(std::string_view bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string hex;
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        hex += digits[byte >> 4];
        hex += digits[byte & 15];
    }
    return hex;
}

// The words that begin a line, one after another.
class Words {
 public:
    explicit Words(std::string_view text) : rest_(text) {}

    std::string next() {
        const auto space = std::min(rest_.find(' '), rest_.size());
        const std::string word(rest_.substr(0, space));
        rest_.remove_prefix(std::min(space + 1, rest_.size()));
        return word;
    }
    // name:value or name:"several words", if that is what comes next.
    std::optional<http::Header> next_header() {
        std::size_t colon = 0;
        while (colon < rest_.size() && is_name(rest_[colon])) ++colon;
        if (colon == 0 || colon == rest_.size() || rest_[colon] != ':') return std::nullopt;
        http::Header header{std::string(rest_.substr(0, colon)), {}};
        rest_.remove_prefix(colon + 1);
        if (!rest_.starts_with('"')) {
            header.value = next();
            return header;
        }
        const auto end = std::min(rest_.find('"', 1), rest_.size());
        header.value = rest_.substr(1, end - 1);
        rest_.remove_prefix(std::min(end + 2, rest_.size()));
        return header;
    }
    std::string rest() const { return std::string(rest_); }

 private:
    static bool is_name(char c) {
        return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-';
    }
    std::string_view rest_;
};

class Player {
 public:
    Player(Stage& stage, Variables variables) : stage_(stage), variables_(std::move(variables)) {}

    void line(const std::string& text) {
        const bool named = text.front() >= 'a' && text.front() <= 'z';
        const char who = named ? text.front() : 'a';
        const auto from = static_cast<std::size_t>(named);
        const auto space = std::min(text.find(' ', from), text.size());
        const auto verb = text.substr(from, space - from);
        const auto rest = expanded(text.substr(std::min(space + 1, text.size())));
        if (verb == "=<") return expect_answer(rest);
        EXPECT_FALSE(answer_.has_value()) << "nobody looked at the answer before this line";
        if (verb == "<" || verb == "<<" || verb == "*" || verb == "!") {
            ASSERT_TRUE(known_.contains(who)) << who << " has not connected";
            return expect(verb, who, rest);
        }
        expect_nothing_more();
        if (verb == "=") return ask(rest);
        if (verb == "~") return stage_.pass_ms(std::stoll(rest));
        ASSERT_TRUE(verb == "+" || here_.contains(who)) << who << " is not there";
        act(verb, who, rest);
    }
    void end() {
        EXPECT_FALSE(answer_.has_value()) << "nobody looked at the last answer";
        expect_nothing_more();
    }

 private:
    void act(std::string_view verb, char who, const std::string& rest) {
        if (verb == "+") {
            Words words(rest);
            const auto path = words.next();
            stage_.connect(who, path, words.rest());
            known_.insert(who);
            here_.insert(who);
        } else if (verb == ">") {
            stage_.say(who, rest, Message::Kind::text);
        } else if (verb == ">>") {
            stage_.say(who, bytes_of_hex(rest), Message::Kind::binary);
        } else if (verb == "^") {
            stage_.say(who, rest, Message::Kind::pong);
        } else if (verb == "-") {
            here_.erase(who);
            stage_.leave(who);
        } else {
            FAIL() << "what is this?";
        }
    }
    void expect(std::string_view verb, char who, const std::string& rest) {
        if (verb == "<") {
            EXPECT_EQ(stage_.hear(who), rest);
        } else if (verb == "<<") {
            EXPECT_EQ(hex_of_bytes(stage_.hear(who)), rest);
        } else if (verb == "*") {
            EXPECT_TRUE(stage_.pinged(who)) << who << " was not pinged";
        } else {
            here_.erase(who);
            EXPECT_EQ(stage_.closed(who), rest);
        }
    }
    void expect_nothing_more() {
        for (const char who : here_) {
            const auto bodies = stage_.unheard(who);
            EXPECT_TRUE(bodies.empty()) << who << " heard more: " << bodies.front();
        }
    }
    void ask(const std::string& rest) {
        Words words(rest);
        http::Request request;
        request.method = words.next();
        request.target = words.next();
        const auto question = std::min(request.target.find('?'), request.target.size());
        request.path = request.target.substr(0, question);
        request.query = request.target.substr(std::min(question + 1, request.target.size()));
        while (auto header = words.next_header()) request.headers.push_back(std::move(*header));
        request.body = words.rest();
        request.body.reserve(request.body.size() + json::padding);
        answer_ = stage_.ask(std::move(request));
    }
    void expect_answer(const std::string& rest) {
        ASSERT_TRUE(answer_.has_value()) << "nobody asked";
        const auto answer = *std::exchange(answer_, std::nullopt);
        Words words(rest);
        EXPECT_EQ(std::to_string(answer.status), words.next()) << answer.body;
        while (const auto wanted = words.next_header()) {
            const auto at = std::ranges::find_if(answer.headers, [&](const auto& header) {
                return http::equals_ignoring_case(header.first, wanted->name);
            });
            EXPECT_EQ(at == answer.headers.end() ? "(none)" : at->second, wanted->value)
                << wanted->name;
        }
        if (!words.rest().empty()) {
            EXPECT_EQ(answer.body, words.rest());
        }
    }

    std::string expanded(std::string_view text) {
        std::string made;
        while (!text.empty()) {
            const auto dollar = std::min(text.find('$'), text.size());
            made += text.substr(0, dollar);
            text.remove_prefix(dollar);
            if (text.empty()) break;
            const auto name = text.substr(0, variable_name_end(text));
            const auto arguments = arguments_of(text.substr(name.size()));
            const auto value =
                variables_ ? variables_(name.substr(1), arguments.value_or(""), stage_.now())
                           : std::nullopt;
            made += value.value_or(std::string(name));
            text.remove_prefix(name.size());
            if (value && arguments) text.remove_prefix(arguments->size() + 2);
        }
        return made;
    }
    static std::size_t variable_name_end(std::string_view text) {
        std::size_t end = 1;
        while (end < text.size() &&
               (std::isupper(static_cast<unsigned char>(text[end])) != 0 || text[end] == '_')) {
            ++end;
        }
        return end;
    }
    // What is between this bracket and its partner.
    static std::optional<std::string_view> arguments_of(std::string_view text) {
        if (!text.starts_with('(')) return std::nullopt;
        int depth = 0;
        for (std::size_t i = 0; i < text.size(); ++i) {
            depth += text[i] == '(' ? 1 : text[i] == ')' ? -1 : 0;
            if (depth == 0) return text.substr(1, i - 1);
        }
        return std::nullopt;
    }

    Stage& stage_;
    const Variables variables_;
    std::set<char> known_;  // who ever came
    std::set<char> here_;   // who has neither left nor been closed
    std::optional<http::Response> answer_;
};

// The transcripts that lie beside a protocol's test: play_all(transcripts_beside(__FILE__), …).
inline std::filesystem::path transcripts_beside(const char* file) {
    return std::filesystem::path(file).parent_path() / "transcripts";
}

using MakeStage =
    std::function<std::unique_ptr<Stage>(const std::map<std::string, std::string>& switches)>;

// Plays every transcript of a folder, each on a stage of its own.
inline void play_all(const std::filesystem::path& folder, std::size_t files_min,
                     const Variables& variables, const MakeStage& make_stage) {
    std::set<std::filesystem::path> files;
    for (const auto& file : std::filesystem::directory_iterator(folder)) {
        if (file.path().extension() == ".txt") files.insert(file.path());
    }
    EXPECT_GE(files.size(), files_min) << folder;
    for (const auto& file : files) {
        SCOPED_TRACE(file.filename());
        const auto transcript = read_transcript(file);
        const auto stage = make_stage(transcript.switches);
        Player player(*stage, variables);
        for (const auto& [number, text] : transcript.lines) {
            SCOPED_TRACE("line " + std::to_string(number) + ": " + text);
            player.line(text);
        }
        player.end();
    }
}

// The stage without sockets. Whoever derives from it puts a protocol into the house (routes, too),
// and parts with the clients in its destructor: the protocol goes before the house.
class HouseStage : public Stage {
 public:
    void connect(char who, const std::string& path, const std::string& subprotocol) override {
        clients_[who] = &house.connect(path, subprotocol);
        heard_[who].clear();
    }
    void say(char who, const std::string& message, Message::Kind kind) override {
        clients_.at(who)->says(message, kind);
    }
    void leave(char who) override {
        clients_.at(who)->leave();
        clients_.erase(who);
    }
    http::Response ask(http::Request request) override { return house.answer(std::move(request)); }
    void pass_ms(std::int64_t ms) override {
        house.clock.advance_ms(ms);
        for (const auto& [who, client] : clients_) {
            if (client->closed().empty()) client->ticks();
        }
        house.run();
    }
    Now now() override { return house.clock.now(); }

    std::string hear(char who) override {
        auto& bodies = gathered(who);
        if (bodies.empty()) return "(nothing)";
        auto body = std::move(bodies.front());
        bodies.pop_front();
        return body;
    }
    bool pinged(char who) override { return clients_.at(who)->pings() != 0; }
    std::string closed(char who) override {
        if (!gathered(who).empty()) return "(heard first: " + gathered(who).front() + ")";
        return clients_.at(who)->closed();
    }
    std::vector<std::string> unheard(char who) override {
        const auto& bodies = gathered(who);
        std::vector<std::string> all(bodies.begin(), bodies.end());
        auto& client = *clients_.at(who);
        if (client.pings() != 0) all.emplace_back("(a ping)");
        if (!client.closed().empty()) all.push_back(client.closed());
        return all;
    }

    House house;

 private:
    std::deque<std::string>& gathered(char who) {
        for (auto& body : clients_.at(who)->heard()) heard_[who].push_back(std::move(body));
        return heard_[who];
    }

    std::map<char, Client*> clients_;
    std::map<char, std::deque<std::string>> heard_;
};

}  // namespace carillon::protocol::testing
