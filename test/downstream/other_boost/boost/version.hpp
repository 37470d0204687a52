// Stands in for another release of Boost than the one that Carillon was built with.
#pragma once
#define BOOST_VERSION 199900
