// bridge/bridges.h: which publications of one app are published in another too, under what name and
// with what body. Built once at start-up, then only read and counted; any thread.
#pragma once

#include "hub/ports.h"

namespace carillon::bridge {}
