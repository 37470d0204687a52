#include "hub/testing_history.h"
#include "storage/journal/testing_history_place.h"
#include "storage/sqlite/testing_place.h"

namespace carillon::hub::testing {
namespace {

using storage::testing::JournalPlace;
using storage::testing::SqlitePlace;

INSTANTIATE_TEST_SUITE_P(Sqlite, HistoryTest,
                         ::testing::Values(JournalPlace::make<SqlitePlace::make>));

}  // namespace
}  // namespace carillon::hub::testing
