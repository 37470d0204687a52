#include "hub/testing_history.h"
#include "storage/memory/memory_history.h"

namespace carillon::hub::testing {
namespace {

struct MemoryPlace final : HistoryPlace {
    explicit MemoryPlace(const HistoryRule& rule)
        : memory([rule](const App&, std::string_view) {
              storage::Retention retention;
              retention.messages_max = rule.messages_max != 0 ? rule.messages_max : 10'000;
              if (rule.age_ms_max != 0) retention.age_ms_max = rule.age_ms_max;
              return retention;
          }) {}
    static std::unique_ptr<HistoryPlace> make(const HistoryRule& rule) {
        return std::make_unique<MemoryPlace>(rule);
    }
    History& history() override { return memory; }
    void settle() override {}
    bool restart() override { return false; }

    storage::MemoryHistory memory;
};

INSTANTIATE_TEST_SUITE_P(Memory, HistoryTest, ::testing::Values(MemoryPlace::make));

}  // namespace
}  // namespace carillon::hub::testing
