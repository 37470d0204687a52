#pragma once

#include <carillon/carillon.h>

struct Reading {
    std::string sensor;
    double celsius = 0;
};
CARILLON_DESCRIBE(Reading, sensor, celsius)

carillon::Result<carillon::Receipt> measure(carillon::Broker& broker, double celsius);
