// input := *( argument LF ), behind `carillon token`. A token that is made is taken when it is
// checked; no answer shows a secret, and no mistake on the command line repeats a token.
// fuzzes: token_request.cpp token_command.cpp token_jwt.cpp token_pusher.cpp
#include <algorithm>

#include "auth/testing_tokens.h"
#include "base/assert.h"
#include "server/token_command.h"
#include "server/token_request.h"

namespace {

using namespace carillon;
using server::TokenProtocol;
using server::TokenRequest;

constexpr Now now{0, 1'800'000'000'000};
constexpr std::string_view app_secret = "7ad3773142a6692b25b8";
constexpr std::string_view sesame = "Sesame";  // in the dictionary, for what is not to be repeated

const server::TokenKeys& keys() {
    static const auto made = [] {
        server::TokenKeys all;
        all.turbine = {*auth::JwtKey::hs256(auth::testing::shared_secret),
                       *auth::JwtKey::hs256("the one before")};
        all.notiflux = {auth::JwtKey::es256_of_everybody("a test"),
                        *auth::JwtKey::from_pem(auth::testing::ec_public)};
        all.notiflux_rules.audience_refused = true;
        hub::App app;
        app.id = "3";
        app.key = "278d425bdf160c739803";
        app.secret = app_secret;
        all.apps = {app};
        return all;
    }();
    return made;
}

Result<std::string> read_text(const std::string& path) {
    if (path == "-") return std::string(auth::testing::pyjwt_hs256) + "\n";
    if (path == "ec") return std::string(auth::testing::ec_private);
    if (path == "rsa") return std::string(auth::testing::rsa_private);
    if (path == "public") return std::string(auth::testing::ec_public);
    return Error{ErrorKind::not_found, "there is no such file"};
}

bool holds(std::string_view text, std::string_view what) {
    return text.find(what) != std::string_view::npos;
}

server::TokenAnswer answer(const TokenRequest& request) {
    auto answered = server::answer_token_request(request, keys(), now, read_text);
    ASSERT(answered.exit_code >= 0 && answered.exit_code <= 2);
    ASSERT((answered.exit_code == 2) == answered.text.empty());
    return answered;
}

void check_made(const TokenRequest& request, const server::TokenAnswer& made) {
    if (made.notes.starts_with("this server would refuse it")) return;
    TokenRequest check = request;
    check.check = made.text.substr(0, made.text.find('\n'));
    if (request.protocol == TokenProtocol::pusher) {
        constexpr std::string_view begin = R"({"auth":")";
        ASSERT(made.text.starts_with(begin));
        check.check =
            made.text.substr(begin.size(), made.text.find('"', begin.size()) - begin.size());
    }
    // With a key from a file it is not this server's.
    if (!request.key_path) ASSERT(answer(check).exit_code == 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    std::string_view rest(reinterpret_cast<const char*>(data), size);
    const auto all = rest;
    std::vector<std::string> arguments;
    while (!rest.empty()) {
        const auto line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(rest.size(), line.size() + 1));
        arguments.emplace_back(line);
    }
    const auto request = server::parse_token_request(arguments);
    if (!request.has_value()) {
        // The name of an unknown flag is repeated, and nothing else.
        const bool named = std::ranges::any_of(arguments, [](const std::string& argument) {
            return argument.starts_with("--") &&
                   holds(argument.substr(0, argument.find('=')), sesame);
        });
        ASSERT(named || !holds(request.error().message, sesame));
        return 0;
    }
    const auto answered = answer(*request);
    for (const auto secret :
         {auth::testing::shared_secret, app_secret, std::string_view("PRIVATE KEY")}) {
        if (!holds(all, secret)) ASSERT(!holds(answered.text + answered.notes, secret));
    }
    const bool made = answered.exit_code == 0 && !request->check && !request->help;
    if (made && !request->public_key) check_made(*request, answered);
    return 0;
}
