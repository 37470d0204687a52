#include "bench/speech.h"

#include "bench/fail.h"

namespace bench {
namespace {

bool contains(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

std::string command(std::size_t id, std::string_view method, std::string_view name,
                    std::string_view value) {
    return R"({"id":)" + std::to_string(id) + R"(,"method":")" + std::string(method) +
           R"(","params":{")" + std::string(name) + R"(":")" + std::string(value) + "\"}}";
}

std::vector<std::string> turbine_opening(const Credentials& credentials,
                                         const std::vector<std::string>& channels) {
    std::vector<std::string> messages;
    messages.reserve(channels.size() + 1);
    messages.push_back(command(0, "connect", "token", credentials.turbine_token));
    for (const std::string& channel : channels)
        messages.push_back(command(messages.size(), "subscribe", "channel", channel));
    return messages;
}

// A subscription is not answered; what is no command at all is, behind it.
std::vector<std::string> notiflux_opening(const Credentials& credentials,
                                          const std::vector<std::string>& channels) {
    std::vector<std::string> messages;
    messages.reserve(channels.size() + 1);
    for (const std::string& channel : channels)
        messages.push_back("/subscribe " + channel + " " + credentials.notiflux_token);
    messages.emplace_back("/joined?");
    return messages;
}

}  // namespace

Speech speech_named(std::string_view name) {
    if (name == "pusher") return Speech::pusher;
    if (name == "turbine") return Speech::turbine;
    if (name == "notiflux") return Speech::notiflux;
    fail("no protocol is called " + std::string(name));
}

std::string path_of(Speech speech, const App& app) {
    switch (speech) {
        case Speech::turbine:
            return "/turbine/ws";
        case Speech::notiflux:
            return "/notiflux/ws";
        default:
            return "/app/" + app.key + "?protocol=7&client=bench&version=1.0&flash=false";
    }
}

std::vector<std::string> opening_of(Speech speech, const Credentials& credentials,
                                    const std::vector<std::string>& channels) {
    return speech == Speech::turbine ? turbine_opening(credentials, channels)
                                     : notiflux_opening(credentials, channels);
}

bool is_joined(Speech speech, std::string_view text, std::size_t channels) {
    if (speech == Speech::notiflux) return text == "Unknown command";
    return contains(text, R"("id":)" + std::to_string(channels) + ',') &&
           contains(text, "subscribed");
}

bool is_half_joined(Speech speech, std::string_view text) {
    return speech == Speech::turbine && contains(text, R"("result")");
}

bool is_delivery(Speech speech, std::string_view text, std::string_view event) {
    switch (speech) {
        case Speech::turbine:
            return contains(text, R"("method":"publication")");
        case Speech::notiflux:
            return true;
        default:
            return contains(text, '"' + std::string(event) + '"');
    }
}

}  // namespace bench
