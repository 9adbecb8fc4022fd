import pytest

from runbook.hardware import peak_of
from runbook.hardware.peak import module_gb_per_s
from runbook.parameters import Parameters


def test_two_channels_of_ddr4_2666_deliver_at_most_42_7():
    assert round(module_gb_per_s("2xDDR4-2666"), 1) == 42.7


def test_the_target_knows_better_than_the_data_sheet():
    assert peak_of("Intel(R) Core(TM) i5-10400T CPU @ 2.00GHz").gb_per_s == 42.7
    found = peak_of("Intel(R) Core(TM) i5-10400T CPU @ 2.00GHz", "1xDDR4-2400")
    assert found.gb_per_s == 19.2
    assert "from the target" in found.source


def test_a_cpu_that_is_in_no_data_sheet_has_no_figure():
    assert peak_of("AMD EPYC") is None
    assert peak_of("") is None


def test_a_longer_name_is_another_cpu():
    assert peak_of("Intel(R) N1000") is None
    assert peak_of("Intel(R) N100").gb_per_s == 38.4


@pytest.mark.parametrize("text", ["DDR4-2666", "0xDDR4-2666", "2xDDR4", "2xDDR4-2666 ", "2xSD-133"])
def test_memory_of_another_form_is_refused_here_and_in_a_target(text):
    with pytest.raises(ValueError, match="memory such as"):
        module_gb_per_s(text)
    with pytest.raises(ValueError, match="memory_modules"):
        Parameters(target="t", context="c", memory_modules=text)
