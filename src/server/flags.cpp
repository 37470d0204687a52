#include "server/flags.h"

#include <algorithm>

#include "server/config_fields.h"
#include "server/names.h"

namespace carillon::server {
namespace {

struct Verb {
    std::string_view name;
    Command::Kind kind;
};
constexpr Verb verbs[] = {{"serve", Command::Kind::serve},
                          {"check-config", Command::Kind::check_config},
                          {"version", Command::Kind::version},
                          {"help", Command::Kind::help}};

std::vector<std::string_view> flag_names() {
    std::vector<std::string_view> names = {"--config", "--help", "--version"};
    for (const auto& field : config_fields()) {
        if (!field.flag.empty()) names.push_back(field.flag);
    }
    return names;
}

Error misuse(std::string message) {
    return Error{ErrorKind::invalid, std::move(message) + " (see carillon help)"};
}

class Parser {
 public:
    explicit Parser(const std::vector<std::string>& args) : args_(args) {}

    Result<Command> parse() {
        for (; next_ < args_.size(); ++next_) {
            const std::string_view arg = args_[next_];
            if (!arg.starts_with('-')) {
                TRY(take_verb(arg));
            } else {
                TRY(take_flag(arg));
            }
        }
        return std::move(command_);
    }

 private:
    Result<void> take_verb(std::string_view name) {
        const auto* const verb = std::ranges::find(verbs, name, &Verb::name);
        if (verb == std::end(verbs)) {
            std::vector<std::string_view> names;
            for (const auto& one : verbs) names.push_back(one.name);
            return misuse("unknown command " + std::string(name) + did_you_mean(name, names));
        }
        if (has_verb_)
            return misuse("one command at a time; " + std::string(name) + " is too many");
        has_verb_ = true;
        command_.kind = verb->kind;
        return {};
    }

    Result<void> take_flag(std::string_view arg) {
        const auto equals = arg.find('=');
        const auto name = arg.substr(0, equals);
        if (name == "--help" || name == "-h") return take_switch(arg, Command::Kind::help);
        if (name == "--version") return take_switch(arg, Command::Kind::version);
        if (name == "--config") {
            TRY_AS(command_.config_path, value_of(arg));
            return {};
        }
        const auto field = std::ranges::find(config_fields(), name, &Field<Config>::flag);
        if (field == config_fields().end()) {
            return misuse("unknown flag " + std::string(name) + did_you_mean(name, flag_names()));
        }
        // A switch is on by being there.
        if (field->value.kind == Value<Config>::Kind::boolean && equals == std::string_view::npos) {
            command_.flags.emplace_back(name, "true");
            return {};
        }
        TRY_AS(auto value, value_of(arg));
        command_.flags.emplace_back(name, std::move(value));
        return {};
    }

    Result<void> take_switch(std::string_view arg, Command::Kind kind) {
        if (arg.find('=') != std::string_view::npos) {
            return misuse(std::string(arg.substr(0, arg.find('='))) + " takes no value");
        }
        has_verb_ = true;
        command_.kind = kind;
        return {};
    }

    Result<std::string> value_of(std::string_view arg) {
        auto value = flag_value(args_, next_);
        if (value.empty()) {
            return misuse(std::string(arg.substr(0, arg.find('='))) + " needs a value");
        }
        return value;
    }

    const std::vector<std::string>& args_;
    std::size_t next_ = 0;
    bool has_verb_ = false;
    Command command_;
};

}  // namespace

std::string flag_value(const std::vector<std::string>& args, std::size_t& at) {
    const std::string_view arg = args[at];
    const auto equals = arg.find('=');
    if (equals != std::string_view::npos) return std::string(arg.substr(equals + 1));
    if (at + 1 == args.size() || args[at + 1].starts_with("--")) return {};
    return args[++at];
}

Result<Command> parse_command(const std::vector<std::string>& args) { return Parser(args).parse(); }

std::string_view help_text() {
    return R"(carillon: a real-time pub/sub server

  carillon [serve]        start the server (Ctrl-C stops it gracefully)
  carillon check-config   say what the configuration means and what is wrong with it
  carillon token          make a token for a client, or say why one is refused (carillon token --help)
  carillon journal        look into a journal, check it, make it smaller (carillon journal --help)
  carillon version        which version this is
  carillon help           this text

  --config PATH           read this JSON file (or CONFIG_FILE_PATH)
  --host HOST             where clients connect; 127.0.0.1 (or HOST)
  --port PORT             6001 (or PORT); 0 takes any free one
  --metrics-port PORT     where /metrics and /healthz answer; 9601 (or METRICS_PORT)
  --threads N             event loops; 0, the default, is one per core
  --insecure-demo-credentials
                          listen beyond this machine with a secret that everybody knows

A flag wins over the environment, the environment over the file, the file over the defaults.
Apps come from the file or from SOCKUDO_DEFAULT_APP_ID, SOCKUDO_DEFAULT_APP_KEY and
SOCKUDO_DEFAULT_APP_SECRET; without any there is one for trying things out: demo-app, demo-key,
demo-secret.
)";
}

}  // namespace carillon::server
