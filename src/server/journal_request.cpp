#include "server/journal_request.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "server/flags.h"
#include "server/names.h"

namespace carillon::server {
namespace {

using Verb = JournalRequest::Verb;

constexpr std::array<std::string_view, 3> verb_names{"inspect", "verify", "trim"};

Error misuse(std::string message) {
    return Error{ErrorKind::invalid, std::move(message) + " (see carillon journal --help)"};
}

Result<void> read_channel(std::string_view value, JournalRequest& request) {
    const auto slash = value.find('/');
    if (slash == std::string_view::npos) {
        return misuse("--channel needs an app's id, a slash and the channel's name");
    }
    request.channel.emplace(value.substr(0, slash), value.substr(slash + 1));
    return {};
}

Result<void> read_before(std::string_view value, JournalRequest& request) {
    std::uint64_t offset = 0;
    const char* const begin = value.data();
    const char* const end = begin + value.size();
    const auto read = std::from_chars(begin, end, offset);
    if (read.ec != std::errc{} || read.ptr != end || offset == 0) {
        return misuse("--before needs an offset, a number from 1 on");
    }
    request.before = offset;
    return {};
}

// A hundred years and more do not overflow.
Result<void> read_older_than(std::string_view value, JournalRequest& request) {
    constexpr std::int64_t number_max = 1'000'000;
    std::int64_t number = 0;
    const char* const begin = value.data();
    const char* const end = begin + value.size();
    const auto read = std::from_chars(begin, end, number);
    const std::string_view unit(read.ptr, static_cast<std::size_t>(end - read.ptr));
    constexpr std::pair<std::string_view, std::int64_t> units[] = {
        {"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86'400}};
    const auto* const found =
        std::ranges::find(units, unit, &std::pair<std::string_view, std::int64_t>::first);
    if (read.ec != std::errc{} || found == std::end(units) || number < 0 || number > number_max) {
        return misuse("--older-than needs an age such as 90s, 15m, 12h or 7d");
    }
    request.older_than_ms = number * found->second * 1000;
    return {};
}

Result<void> want_json(std::string_view, JournalRequest& request) {
    request.json = true;
    return {};
}

Result<void> want_repair(std::string_view, JournalRequest& request) {
    request.repair = true;
    return {};
}

struct Flag {
    std::string_view name;
    bool of_trim;  // else of the others
    Result<void> (*read)(std::string_view value, JournalRequest& request);
    bool has_value = true;
};
constexpr Flag flags[] = {{"--channel", true, read_channel},
                          {"--before", true, read_before},
                          {"--older-than", true, read_older_than},
                          {"--repair", true, want_repair, false},
                          {"--json", false, want_json, false}};

class Parser {
 public:
    explicit Parser(const std::vector<std::string>& args) : args_(args) {}

    Result<JournalRequest> parse() {
        if (std::ranges::find(args_, "--help") != args_.end() ||
            args_ == std::vector<std::string>{"help"}) {
            request_.help = true;
            return std::move(request_);
        }
        TRY(take_verb());
        for (next_ = 1; next_ < args_.size(); ++next_) {
            TRY(take(args_[next_]));
        }
        if (request_.path.empty()) return misuse("which journal? its path is needed");
        TRY(expect_sense());
        return std::move(request_);
    }

 private:
    Result<void> take_verb() {
        if (args_.empty()) return misuse("inspect, verify or trim?");
        const auto* const found = std::ranges::find(verb_names, args_.front());
        if (found == verb_names.end()) {
            const std::vector<std::string_view> known(verb_names.begin(), verb_names.end());
            return misuse("inspect, verify or trim?" + did_you_mean(args_.front(), known));
        }
        request_.verb = static_cast<Verb>(found - verb_names.begin());
        return {};
    }

    Result<void> take(std::string_view arg) {
        if (!arg.starts_with("--")) {
            if (!request_.path.empty()) return misuse("one journal at a time");
            request_.path = arg;
            return {};
        }
        const auto name = arg.substr(0, arg.find('='));
        const auto* const flag = std::ranges::find(flags, name, &Flag::name);
        if (flag == std::end(flags) || flag->of_trim != (request_.verb == Verb::trim)) {
            return misuse(std::string(verb_names[static_cast<std::size_t>(request_.verb)]) +
                          " knows no flag " + std::string(name) + did_you_mean(name, known()));
        }
        if (!flag->has_value && arg != name) return misuse(std::string(name) + " takes no value");
        if (!flag->has_value) return flag->read({}, request_);
        TRY_AS(const auto value, value_of(arg));
        return flag->read(value, request_);
    }

    Result<std::string> value_of(std::string_view arg) {
        auto value = flag_value(args_, next_);
        if (value.empty()) {
            return misuse(std::string(arg.substr(0, arg.find('='))) + " needs a value");
        }
        return value;
    }

    std::vector<std::string_view> known() const {
        std::vector<std::string_view> names{"--help"};
        for (const auto& flag : flags) {
            if (flag.of_trim == (request_.verb == Verb::trim)) names.push_back(flag.name);
        }
        return names;
    }

    Result<void> expect_sense() const {
        if (request_.verb != Verb::trim) return {};
        const int wishes = int{request_.before.has_value()} +
                           int{request_.older_than_ms.has_value()} + int{request_.repair};
        if (wishes != 1) return misuse("trim needs one of --before, --older-than and --repair");
        if (request_.before && !request_.channel) return misuse("--before needs --channel");
        if (request_.repair && request_.channel) return misuse("--repair is for all channels");
        return {};
    }

    const std::vector<std::string>& args_;
    std::size_t next_ = 0;
    JournalRequest request_;
};

}  // namespace

Result<JournalRequest> parse_journal_request(const std::vector<std::string>& args) {
    return Parser(args).parse();
}

std::string_view journal_help_text() {
    return R"(carillon journal: what a journal holds, whether it is sound, and making it smaller

  carillon journal inspect PATH [--json]     its channels, and what is kept of them
  carillon journal verify  PATH [--json]     reads everything; exit code 1 if something is wrong
  carillon journal trim    PATH --channel APP/NAME --before OFFSET
                                             lets go of what is older than this offset
  carillon journal trim    PATH --older-than AGE [--channel APP/NAME]
                                             lets go of what is older: 90s, 15m, 12h, 7d
  carillon journal trim    PATH --repair     leaves out what cannot be read any more

PATH is journal.path: a directory (driver file) or an SQLite file (driver sqlite). inspect and verify
may be used while a server has it open; trim refuses then.
)";
}

}  // namespace carillon::server
