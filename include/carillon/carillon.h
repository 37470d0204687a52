// carillon/carillon.h: all of the library. docs/library.md is the tour.
#pragma once

#include "carillon/broker.h"
#include "carillon/codec.h"
#include "carillon/describe.h"
#include "carillon/guarantees.h"
#include "carillon/hooks.h"
#include "carillon/journal.h"
#include "carillon/listen.h"
#include "carillon/result.h"
#include "carillon/subscription.h"
#include "carillon/task.h"
#include "carillon/value.h"
