#include "bench/recovery_server.h"

#include <sched.h>

#include <charconv>
#include <optional>
#include <string>
#include <thread>

#include "base/log.h"
#include "base/random.h"
#include "bench/fail.h"
#include "edge/framing.h"
#include "edge/worker.h"
#include "net/listener.h"
#include "storage/memory/memory_history.h"

namespace bench {
namespace {

using namespace carillon;

constexpr std::uint32_t kept_per_channel = 1000;

struct OffsetAndBody final : hub::Encoder {
    bool encode(const hub::Delivery& delivery, base::Buffer& out) const override {
        if (delivery.publication.kind() != hub::Kind::message) return false;
        out.append(std::to_string(delivery.stamp.position.offset));
        out.append(' ');
        out.append(delivery.publication.body());
        return true;
    }
};

class RecoveryProtocol;

class RecoverySession final : public protocol::Session {
 public:
    RecoverySession(RecoveryProtocol& protocol, const protocol::Opening& opening);
    ~RecoverySession() override;
    Result<void> on_message(protocol::Message message, Now now) override;
    std::int64_t next_tick_ns() const override { return base::never_ns; }
    Result<void> on_tick(Now) override { return {}; }
    void on_close(hub::CloseReason why) override { out_.close(4100, hub::name_of(why)); }

 private:
    void join(std::string_view channel, const hub::JoinOptions& options, Now now);

    RecoveryProtocol& protocol_;
    protocol::Out& out_;
    hub::Outbox& outbox_;
    const hub::Encoder& format_;
    hub::Session* session_;
};

class RecoveryProtocol final : public protocol::Protocol {
 public:
    explicit RecoveryProtocol(hub::Hub& h) : hub(h) {
        hub::App one;
        one.id = "bench";
        one.limits.recover_max = kept_per_channel;
        app = std::make_shared<const hub::App>(one);
    }
    std::string_view name() const override { return "recovery"; }
    Result<void> routes(http::Router& router) override {
        return router.upgrade("/app/{key}", *this);
    }
    std::unique_ptr<protocol::Session> open(const protocol::Opening& opening) override {
        return std::make_unique<RecoverySession>(*this, opening);
    }
    hub::Hub& hub;
    hub::AppRef app;
    OffsetAndBody body_format;
};

RecoverySession::RecoverySession(RecoveryProtocol& protocol, const protocol::Opening& opening)
    : protocol_(protocol),
      out_(opening.out),
      outbox_(opening.outbox),
      format_(opening.framing.frame(protocol.body_format)),
      session_(protocol.hub.open(protocol.app, opening.lane, outbox_, *this, {}, format_).session) {
}

RecoverySession::~RecoverySession() { protocol_.hub.close(*session_, hub::CloseReason::peer); }

Result<void> RecoverySession::on_message(protocol::Message message, Now now) {
    std::string_view rest = message.data;
    const auto word = [&] {
        const auto end = std::min(rest.find(' '), rest.size());
        const auto taken = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        return taken;
    };
    const auto number = [&] {
        const auto text = word();
        std::uint64_t value = 0;
        std::from_chars(text.data(), text.data() + text.size(), value);
        return value;
    };
    const auto verb = word();
    const auto channel = word();
    if (verb == "join") {
        join(channel, {}, now);
    } else if (verb == "leave") {
        protocol_.hub.unsubscribe(*session_, channel, now);
    } else if (verb == "recover") {
        const auto epoch = number();
        join(channel, {.recover = hub::Position{epoch, number()}}, now);
    }
    return {};
}

void RecoverySession::join(std::string_view channel, const hub::JoinOptions& options, Now now) {
    auto joined = protocol_.hub.subscribe(*session_, channel, format_, options, now);
    out_.reply("= " + std::to_string(joined.position.epoch) + ' ' +
               std::to_string(joined.position.offset) + ' ' +
               std::string(hub::name_of(joined.recovery)));
    session_->lane().replay(outbox_, std::move(joined.missed));
}

hub::HubConfig hub_config() {
    return {.lanes = 1, .lane_limits = {}, .random = [](unsigned) {
                return std::make_unique<base::SystemRandom>();
            }};
}

}  // namespace

struct RecoveryServer::Parts {
    Parts()
        : history([](const hub::App&, std::string_view) {
              return storage::Retention{.messages_max = kept_per_channel};
          }),
          hub(hub_config(), {.history = &history}),
          protocol(hub),
          loop(clock, 0),
          worker(loop, hub.lane(0), {framing, log}) {
        if (!protocol.routes(router)) fail("the bench's own route was refused");
        const auto fd = net::bind_listener("127.0.0.1", 0, true, 4096);
        if (!fd) fail("no port to listen on");
        listener.emplace(loop, *fd, [this](int client) { worker.accept(client, router); });
    }
    void run(unsigned core) {
        pin_this_thread(core);
        hub.lane(0).home().settle();
        loop.run();
        hub.lane(0).home().unsettle();
    }

    base::SystemClock clock;
    base::NoLog log;
    http::Router router;
    edge::WebSocketFraming framing;
    storage::MemoryHistory history;
    hub::Hub hub;
    RecoveryProtocol protocol;
    net::Loop loop;
    edge::Worker worker;
    std::optional<net::Listener> listener;
    std::thread thread;
};

RecoveryServer::RecoveryServer(unsigned core) : parts_(std::make_unique<Parts>()) {
    parts_->thread = std::thread([this, core] { parts_->run(core); });
}

RecoveryServer::~RecoveryServer() {
    parts_->loop.stop();
    parts_->thread.join();
}

std::uint16_t RecoveryServer::port() const { return parts_->listener->port(); }

void RecoveryServer::publish(std::string_view channel, std::string_view body) {
    const auto publication = hub::Publication::make({.body = body});
    parts_->hub.publish(parts_->protocol.app, {&channel, 1}, publication, parts_->clock.now());
}

void pin_this_thread(unsigned core) {
    cpu_set_t cores;
    CPU_ZERO(&cores);
    CPU_SET(core, &cores);
    sched_setaffinity(0, sizeof cores, &cores);
}

}  // namespace bench
