// Plays transcripts/*.txt on a server without sockets; protocol/testing_transcript.h holds their
// grammar. The switch honest_statuses is the option of that name.
#include <gtest/gtest.h>

#include "protocol/notiflux/testing.h"
#include "protocol/testing_transcript.h"

namespace carillon::notiflux {
namespace {

class NotifluxStage final : public protocol::testing::HouseStage {
 public:
    explicit NotifluxStage(const std::map<std::string, std::string>& switches)
        : notiflux_(Parts{house.hub,
                          std::make_shared<const hub::App>(
                              hub::App{.id = "notiflux", .key = "", .secret = "", .limits = {}}),
                          house.clock,
                          house.log,
                          {testing::verifier(), switches.contains("honest_statuses")}}) {
        EXPECT_TRUE(notiflux_.routes(house.router).has_value());
    }
    ~NotifluxStage() override { house.part_with_clients(); }

 private:
    NotifluxProtocol notiflux_;
};

TEST(Transcript, of_each_file_is_what_the_server_says) {
    protocol::testing::play_all(
        protocol::testing::transcripts_beside(__FILE__), 6, testing::variable,
        [](const auto& switches) { return std::make_unique<NotifluxStage>(switches); });
}

}  // namespace
}  // namespace carillon::notiflux
