"""Test cases as an application has them; each is one claim of orm_django.py."""

import os

from django.db import DatabaseError, connection, transaction
from django.test import TestCase, TransactionTestCase

from library.models import City, Country, Street


def value(statement, values=None):
    """The first column of the first row of a statement"""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchone()[0]


def calls(hook):
    return value("SELECT count(*) FROM claims.fired WHERE hook = %s", [hook])


def kept():
    """The entries of the recycle bin, but for the one that a migration has left"""
    return value("SELECT count(*) FROM hooks.kept WHERE rows = 9")


def make():
    """A country with 2 cities and 6 streets"""
    country = Country.objects.create(name="some")
    cities = City.objects.bulk_create([City(country=country) for _ in range(2)])
    Street.objects.bulk_create([Street(city=city) for city in cities for _ in range(3)])
    return country


class Rolled(TestCase):
    @classmethod
    def setUpTestData(cls):
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM claims.fired")
        cls.country = make()

    def test_1(self):
        """TestCase: hooks fire within a test"""
        self.country.delete()
        self.assertEqual(value("SELECT sum(counted) FROM claims.fired WHERE hook = 'country'"), 6)
        self.assertEqual(calls("city"), 2)
        self.assertEqual(Street.objects.count(), 0)
        self.assertEqual(kept(), 1)

    def test_2(self):
        """TestCase: the next test finds nothing of it"""
        self.assertEqual([calls("country"), calls("city"), kept()], [0, 0, 0])
        self.assertEqual(Street.objects.count(), 6)
        self.assertEqual(calls("made"), 1)

    def test_3(self):
        """TestCase: hooks around the commit do not fire, as there is none"""
        self.country.delete()
        self.assertEqual([calls("ended"), calls("told"), calls("country")], [0, 0, 1])

    def test_4(self):
        """TestCase: a hook of one test's own"""
        value("SELECT hooks.register('veto', 'before_cascade', 'delete', 'library_country', 'claims.no', package => 'library')")
        with self.assertRaises(DatabaseError), transaction.atomic():
            self.country.delete()
        self.assertEqual(Street.objects.count(), 6)

    def test_5(self):
        """TestCase: and it is gone in the next"""
        self.assertEqual(value("SELECT count(*) FROM hooks.registry WHERE name = 'veto'"), 0)
        self.country.delete()

    def test_6(self):
        """TestCase: rows can be put back, and the constraints hold at the end of the test"""
        self.country.delete()
        self.assertEqual(value("SELECT hooks.restore(kept_id) FROM hooks.kept WHERE rows = 9"), 9)
        self.assertEqual(Street.objects.count(), 6)


class Committed(TransactionTestCase):
    def setUp(self):
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM claims.fired")
        make().delete()

    def test_1(self):
        """TransactionTestCase: hooks around the commit fire"""
        self.assertTrue(value("SELECT hooks.flush()"))
        self.assertEqual([calls("ended"), calls("told"), calls("country")], [1, 1, 1])

    def test_2(self):
        """TransactionTestCase: TRUNCATE fires hooks on truncate, once"""
        self._fixture_teardown()
        self.assertEqual(calls("emptied"), 1)

    def test_3(self):
        """TransactionTestCase: what was kept stays, until purge_kept('0')"""
        self._fixture_teardown()
        self.assertGreater(kept(), 0)
        value("SELECT hooks.purge_kept('0')")
        self.assertEqual(value("SELECT count(*) FROM hooks.kept"), 0)


class Other(TestCase):
    """So that there is something for a second process"""

    def test_1(self):
        """TestCase: the database of this process has the hooks"""
        before = calls("country")
        make().delete()
        self.assertEqual([calls("country") - before, kept()], [1, 1])
        self.assertRegex(value("SELECT current_database()"), os.environ["TEST_DATABASE"])
