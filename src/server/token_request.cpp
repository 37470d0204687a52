#include "server/token_request.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "server/flags.h"
#include "server/names.h"

namespace carillon::server {
namespace {

constexpr std::array<std::string_view, 3> protocol_names{"turbine", "notiflux", "pusher"};

constexpr std::int64_t expires_s_max = 100LL * 366 * 24 * 3600;  // a hundred years: for tests

Error misuse(std::string message) {
    return Error{ErrorKind::invalid, std::move(message) + " (see carillon token --help)"};
}

Result<TokenProtocol> protocol_of(std::string_view name) {
    const auto* const found = std::ranges::find(protocol_names, name);
    if (found != protocol_names.end()) {
        return static_cast<TokenProtocol>(found - protocol_names.begin());
    }
    const std::vector<std::string_view> known(protocol_names.begin(), protocol_names.end());
    // What was given may be a token, so it is not repeated.
    return misuse("a token of turbine, of notiflux or of pusher?" + did_you_mean(name, known));
}

Result<void> read_expires(std::string_view value, TokenRequest& request) {
    const char* const begin = value.data();
    const char* const end = begin + value.size();
    const auto read = std::from_chars(begin, end, request.expires_s);
    if (read.ec != std::errc() || read.ptr != end || request.expires_s < 1 ||
        request.expires_s > expires_s_max) {
        return misuse("--expires needs a number of seconds, at least 1 and at most " +
                      std::to_string(expires_s_max));
    }
    return {};
}

Result<void> read_scope(std::string_view value, TokenRequest& request) {
    if (value != "subscribe" && value != "broadcast") {
        return misuse("--scope is subscribe or broadcast");
    }
    request.scope = value;
    return {};
}

using Read = Result<void> (*)(std::string_view value, TokenRequest& request);

template <auto member>
Result<void> keep(std::string_view value, TokenRequest& request) {
    request.*member = std::string(value);
    return {};
}

Result<void> want_public_key(std::string_view, TokenRequest& request) {
    request.public_key = true;
    return {};
}

Result<void> add_name(std::string_view value, TokenRequest& request) {
    request.names.emplace_back(value);
    return {};
}

constexpr unsigned turbine = 1U << static_cast<unsigned>(TokenProtocol::turbine);
constexpr unsigned notiflux = 1U << static_cast<unsigned>(TokenProtocol::notiflux);
constexpr unsigned pusher = 1U << static_cast<unsigned>(TokenProtocol::pusher);

struct Flag {
    std::string_view name;
    unsigned makes;   // in a token of which protocols
    unsigned checks;  // beside --check
    bool repeated;
    Read read;
    bool has_value = true;
};
constexpr Flag flags[] = {
    {"--config", turbine | notiflux | pusher, turbine | notiflux | pusher, false,
     keep<&TokenRequest::config_path>},
    {"--check", 0, turbine | notiflux | pusher, false, keep<&TokenRequest::check>},
    {"--sub", turbine | notiflux, 0, false, keep<&TokenRequest::sub>},
    {"--channel", turbine | pusher, turbine | pusher, true, add_name},
    {"--topic", notiflux, notiflux, true, add_name},
    {"--expires", turbine | notiflux, 0, false, read_expires},
    {"--scope", notiflux, notiflux, false, read_scope},
    {"--key", notiflux, 0, false, keep<&TokenRequest::key_path>},
    {"--public-key", notiflux, 0, false, want_public_key, false},
    {"--socket-id", pusher, pusher, false, keep<&TokenRequest::socket_id>},
    {"--member", pusher, pusher, false, keep<&TokenRequest::member>},
    {"--app", pusher, pusher, false, keep<&TokenRequest::app>}};

unsigned allowed(const Flag& flag, bool checking) { return checking ? flag.checks : flag.makes; }

class Parser {
 public:
    explicit Parser(const std::vector<std::string>& args) : args_(args) {}

    Result<TokenRequest> parse() {
        if (std::ranges::find(args_, "--help") != args_.end() ||
            args_ == std::vector<std::string>{"help"}) {
            request_.help = true;
            return std::move(request_);
        }
        if (args_.empty() || args_.front().starts_with('-')) {
            return misuse("whose token? turbine, notiflux or pusher");
        }
        TRY_AS(request_.protocol, protocol_of(args_.front()));
        for (next_ = 1; next_ < args_.size(); ++next_) {
            TRY(take(args_[next_]));
        }
        TRY(expect_allowed());
        TRY(expect_complete());
        return std::move(request_);
    }

 private:
    Result<void> take(std::string_view arg) {
        const auto name = arg.substr(0, arg.find('='));
        if (!arg.starts_with("--")) return misuse("a flag is expected, something else was found");
        const auto* const flag = std::ranges::find(flags, name, &Flag::name);
        if (flag == std::end(flags)) {
            return misuse("unknown flag " + std::string(name) + did_you_mean(name, known()));
        }
        if (!flag->repeated && std::ranges::find(given_, flag) != given_.end()) {
            return misuse(std::string(name) + " is there twice");
        }
        given_.push_back(flag);
        if (!flag->has_value && arg == name) return flag->read({}, request_);
        if (!flag->has_value) return misuse(std::string(name) + " takes no value");
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

    // The flags of this protocol, for "did you mean".
    std::vector<std::string_view> known() const {
        std::vector<std::string_view> names{"--help"};
        for (const auto& flag : flags) {
            if (((flag.makes | flag.checks) & mask()) != 0) names.push_back(flag.name);
        }
        return names;
    }

    unsigned mask() const { return 1U << static_cast<unsigned>(request_.protocol); }

    Result<void> expect_allowed() const {
        const bool checking = request_.check.has_value();
        for (const auto* flag : given_) {
            if ((allowed(*flag, checking) & mask()) != 0) continue;
            return misuse(std::string(flag->name) + " does not belong to a token of " +
                          std::string(name_of(request_.protocol)) +
                          (checking ? " that is checked" : ""));
        }
        return {};
    }

    Result<void> expect_complete() const {
        const bool checking = request_.check.has_value();
        switch (request_.protocol) {
            case TokenProtocol::turbine:
                if (!checking && !request_.sub) return misuse("--sub is needed: for whom?");
                break;
            case TokenProtocol::notiflux:
                if (checking || request_.public_key) break;
                if (request_.scope.empty())
                    return misuse("--scope subscribe or broadcast is needed");
                if (request_.names.empty()) {
                    return misuse("--topic is needed: a token without any allows nothing");
                }
                break;
            case TokenProtocol::pusher:
                if (request_.socket_id.empty()) return misuse("--socket-id is needed");
                if (request_.names.size() != 1) return misuse("one --channel is needed");
                break;
        }
        return {};
    }

    const std::vector<std::string>& args_;
    std::size_t next_ = 0;
    std::vector<const Flag*> given_;
    TokenRequest request_;
};

}  // namespace

std::string_view name_of(TokenProtocol protocol) {
    return protocol_names[static_cast<std::size_t>(protocol)];
}

Result<TokenRequest> parse_token_request(const std::vector<std::string>& args) {
    return Parser(args).parse();
}

std::string_view token_help_text() {
    return R"(carillon token: makes the tokens this server takes, and explains those it is given

  carillon token turbine  --sub NAME [--channel NAME]… [--expires SECONDS]
      without a --channel, every channel is allowed
  carillon token notiflux --scope subscribe|broadcast --topic NAME… [--sub NAME]
                          [--expires SECONDS] [--key FILE]
      signed with the private key in FILE (PEM); without it, with the demo key if that is in force
  carillon token notiflux --public-key [--key FILE]
      the public half of that key, as JWT_PUBLIC_KEY_B64 takes it
  carillon token pusher   --socket-id ID --channel NAME [--member JSON] [--app ID]
      the answer of an auth endpoint; a presence channel wants --member '{"user_id":"1"}'

  carillon token turbine  --check TOKEN [--channel NAME]…
  carillon token notiflux --check TOKEN [--scope subscribe|broadcast] [--topic NAME]…
  carillon token pusher   --check AUTH --socket-id ID --channel NAME [--member JSON] [--app ID]
      says what it allows and until when, or which rule refuses it; --check - reads it from
      standard input, so that it does not stay in the shell's history

  --config PATH           whose secrets: as for carillon serve
  --expires SECONDS       3600

The exit code is 0, 1 for a token that is refused or does not allow what was asked, 2 for a mistake
on the command line.
)";
}

}  // namespace carillon::server
