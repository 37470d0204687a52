// http/testing.h: for tests and fuzz targets only: runs a decoder over bytes cut at chosen places
// and writes down all that it says, so that two ways of cutting the same bytes can be compared.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "http/decoder.h"

namespace carillon::http::testing {

class Transcript {
 public:
    explicit Transcript(Limits limits = {}) : decoder_(limits) {}

    void feed(std::string_view bytes) {
        while (!failed_) {
            const auto event = decoder_.next(bytes);
            if (!event.has_value()) {
                failed_ = true;
                text_ += "error " + std::to_string(event.error().code) + " " +
                         event.error().message + "\n";
                return;
            }
            if (event.value() == Event::need_more) return;
            if (event.value() == Event::expect_continue) {
                text_ += "continue\n";
                continue;
            }
            write_down(decoder_.request());
            decoder_.reset();
        }
    }

    const std::string& text() const { return text_; }
    const Decoder& decoder() const { return decoder_; }

 private:
    void write_down(const Request& request) {
        text_ += request.method + " [" + request.path + "] [" + request.query + "] " +
                 std::to_string(request.version) + (request.keep_alive ? " keep" : " close");
        for (const auto& [name, value] : request.headers) {
            text_.append(" ").append(name).append("=").append(value);
        }
        text_ += " {" + request.body + "}\n";
    }

    Decoder decoder_;
    std::string text_;
    bool failed_ = false;
};

inline std::string transcript(std::string_view bytes, Limits limits = {}) {
    Transcript all(limits);
    all.feed(bytes);
    return all.text();
}

inline std::string transcript_by_byte(std::string_view bytes, Limits limits = {}) {
    Transcript all(limits);
    for (const char& byte : bytes) all.feed({&byte, 1});
    return all.text();
}

}  // namespace carillon::http::testing
