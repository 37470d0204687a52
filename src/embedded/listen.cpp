// A broker that lives in a server: the server's hub, lanes of the broker's own beside the server's, and
// one of its apps.
#include "carillon/listen.h"

#include <fstream>
#include <iterator>
#include <utility>

#include "base/time.h"
#include "library/house.h"
#include "library/plan.h"
#include "server/config_load.h"
#include "server/log.h"
#include "server/server.h"

namespace carillon {
namespace {

Result<server::Config> config_of(const Listen& listen) {
    server::Sources sources;
    if (!listen.config_file.empty()) {
        std::ifstream file(listen.config_file);
        sources.file.emplace(std::istreambuf_iterator<char>(file),
                             std::istreambuf_iterator<char>());
        if (!file) return Error{ErrorKind::io, "cannot read the file " + listen.config_file};
    }
    auto loaded = server::load(sources);
    std::string wrong;
    for (const auto& problem : loaded.problems) {
        if (problem.severity == server::Severity::error) wrong += server::line_of(problem) + "\n";
    }
    if (!wrong.empty()) return Error{ErrorKind::invalid, wrong};
    auto& config = loaded.config;
    config.host = listen.host;
    config.port = listen.port;
    config.threads = listen.threads;
    if (listen.config_file.empty()) {
        // Who embeds a server asks the broker for numbers, and wants to hear of what goes wrong only.
        config.metrics.enabled = false;
        config.log.level = base::LogLevel::warning;
        config.shutdown_grace_period_s = 1;
    }
    TRY(server::check_exposure(config));
    return config;
}

class ListeningHouse final : public library::House {
 public:
    ListeningHouse(const Listen& listen, const server::Config& config, unsigned lanes)
        : listen_(listen), log_(clock_, config.log), server_(config, clock_, log_, lanes) {}

    hub::Hub& hub() override { return server_.hub(); }
    hub::History* history() override { return &server_.history(); }
    storage::Journal* journal() override { return server_.journal(); }
    hub::Lane& lane(unsigned index) override { return server_.guest(index); }
    const hub::AppRef& app() const override { return app_; }
    void set_run_on_lane(const RunOnLane& run) override { server_.set_run_on_guest(run); }

    Result<void> start() override {
        TRY(server_.start());
        app_ = listen_.app.empty() ? server_.default_app() : server_.app(listen_.app);
        if (app_ == nullptr) {
            return Error{ErrorKind::not_found, "Listen: no such app: " + listen_.app};
        }
        if (listen_.bound != nullptr) *listen_.bound = server_.port();
        return {};
    }
    void stop() override {
        server_.drain();
        server_.wait();
    }

 private:
    const Listen listen_;
    const base::SystemClock clock_{};
    server::Log log_;
    server::Server server_;
    hub::AppRef app_;
};

}  // namespace

void Listen::install(Builder& builder) {
    auto& plan = builder.plan();
    if (plan.make_house) return plan.refuse("Listen: one server for one broker");
    plan.make_house = [listen = *this](unsigned lanes) -> Result<std::unique_ptr<library::House>> {
        TRY_AS(const auto config, config_of(listen));
        return std::unique_ptr<library::House>(
            std::make_unique<ListeningHouse>(listen, config, lanes));
    };
}

}  // namespace carillon
