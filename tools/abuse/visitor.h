// abuse/visitor.h: one connection of an attacker. It comes, becomes a WebSocket if it is to be one, says what it is
// given, and notes in a word whatever the server does: "HTTP 413", "close 1002", "error 4000", "joined", "end".
// Nothing surprises it: what is right, the driver knows.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "bench/client.h"
#include "bench/poller.h"

namespace abuse {

using Outcomes = std::map<std::string, std::uint64_t>;

struct Manner {
    bool websocket = false;
    std::string joins;  // the channel it joins once it is greeted, by its number if it ends in '-'
    bool deaf = false;  // reads nothing once it is in
    bool leaves = false;  // as soon as it is in
};

class Visitor final : public bench::Source {
 public:
    Visitor(const bench::Target& target, const Manner& manner, bench::Poller& poller,
            Outcomes& outcomes, std::size_t number);
    ~Visitor();
    Visitor(const Visitor&) = delete;
    Visitor& operator=(const Visitor&) = delete;

    // What is said before it is ready waits until then.
    void say(std::string_view bytes);
    void on_ready(std::uint32_t events) override;

    bool gone() const { return fd_ < 0; }
    bool in() const { return stage_ == Stage::in; }
    bool congested() const { return unsent_.size() > 0; }
    std::uint64_t said() const { return said_; }    // times
    std::uint64_t noted() const { return noted_; }  // outcomes

 private:
    enum class Stage : std::uint8_t { connecting, upgrading, greeting, joining, in };

    void connected();
    void come_in();
    void send_some();
    void receive();
    void consume();
    bool consume_response();
    bool consume_frame();
    void on_text(std::string_view text);
    void note(const std::string& outcome);
    void leave();

    const bench::Target& target_;
    const Manner& manner_;
    bench::Poller& poller_;
    Outcomes& outcomes_;
    std::size_t number_;
    std::string unsent_, received_;
    std::uint64_t said_ = 0, noted_ = 0;
    int fd_ = -1;
    Stage stage_ = Stage::connecting;
    bool wants_write_ = true;
    bool told_ = false;  // why it ends: the end itself is no news then
};

}  // namespace abuse
