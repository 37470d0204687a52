// admin/testing_prometheus.h: for tests only: a strict reader of the text format 0.0.4, written
// from the format's description and not from our writer. Says what is wrong with a text, line by
// line.
#pragma once

#include <map>
#include <regex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace carillon::admin::testing {

class FormatChecker {
 public:
    // Complaints; empty: well formed.
    std::vector<std::string> check(std::string_view text) {
        if (text.empty() || text.back() != '\n') complain("does not end with a line feed");
        while (!text.empty()) {
            const auto end = text.find('\n');
            check_line(std::string(text.substr(0, end)));
            text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        }
        return complaints_;
    }

 private:
    void check_line(const std::string& line) {
        static const std::regex comment(R"(# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.*))");
        static const std::regex sample(
            R"re(([a-zA-Z_:][a-zA-Z0-9_:]*)(\{[a-zA-Z_][a-zA-Z0-9_]*="(\\[\\"n]|[^"\\])*"(,[a-zA-Z_][a-zA-Z0-9_]*="(\\[\\"n]|[^"\\])*")*\})? (-?[0-9]+(\.[0-9]+)?))re");
        std::smatch parts;
        if (std::regex_match(line, parts, comment)) {
            parts[1] == "HELP" ? begin(parts[2]) : type(parts[2], parts[3]);
        } else if (std::regex_match(line, parts, sample)) {
            take_sample(parts[1], parts[1].str() + parts[2].str(), parts[6]);
        } else {
            complain("neither comment nor sample: " + line);
        }
    }

    void begin(const std::string& name) {
        if (!seen_.insert(name).second) complain("described twice: " + name);
        current_ = name;
        type_.clear();
    }

    void type(const std::string& name, const std::string& type) {
        if (name != current_) complain("TYPE of another than HELP: " + name);
        if (!type_.empty()) complain("typed twice: " + name);
        if (type != "counter" && type != "gauge") complain("no type: " + type);
        const bool total = name.ends_with("_total");
        if (total != (type == "counter")) complain("a counter is called _total: " + name);
        type_ = type;
    }

    void take_sample(const std::string& name, const std::string& series, const std::string& value) {
        if (name != current_ || type_.empty()) complain("apart from its HELP and TYPE: " + name);
        if (!series_.insert(series).second) complain("twice: " + series);
        if (type_ == "counter" && value.front() == '-') complain("counts backwards: " + series);
    }

    void complain(std::string what) { complaints_.push_back(std::move(what)); }

    std::vector<std::string> complaints_;
    std::set<std::string> seen_;
    std::set<std::string> series_;
    std::string current_;
    std::string type_;
};

inline std::vector<std::string> complaints_about(std::string_view text) {
    return FormatChecker().check(text);
}

}  // namespace carillon::admin::testing
