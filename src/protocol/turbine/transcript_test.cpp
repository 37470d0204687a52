// Replays transcripts/*.txt against sessions without sockets; protocol/testing_transcript.h holds
// their grammar, testing.h what their variables mean.
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>

#include "protocol/testing_transcript.h"
#include "protocol/turbine/testing.h"

namespace carillon::turbine {
namespace {

class SocketlessStage final : public protocol::testing::HouseStage {
 public:
    explicit SocketlessStage(const std::map<std::string, std::string>& switches) {
        std::uint32_t connect_timeout_s = 0;
        for (const auto& [name, value] : switches) {
            EXPECT_EQ(name, "connect_timeout_s");
            connect_timeout_s = static_cast<std::uint32_t>(std::stoul(value));
        }
        turbine_ = testing::move_in(house, testing::reference_app(), connect_timeout_s);
    }
    ~SocketlessStage() override { house.part_with_clients(); }

 private:
    std::unique_ptr<TurbineProtocol> turbine_;
};

TEST(Transcript, of_each_file_is_what_the_server_says) {
    protocol::testing::play_all(
        protocol::testing::transcripts_beside(__FILE__), 6, testing::variable,
        [](const auto& switches) { return std::make_unique<SocketlessStage>(switches); });
}

}  // namespace
}  // namespace carillon::turbine
