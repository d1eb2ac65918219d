"""The models that the migrations end with."""

from django.db import models


class Author(models.Model):
    """One parent; who deletes its children differs"""

    name = models.CharField(max_length=100, default="")


class Book(models.Model):
    """Deleted by Django, as in most applications"""

    author = models.ForeignKey(Author, on_delete=models.CASCADE)


class Note(models.Model):
    """Set to NULL by Django"""

    author = models.ForeignKey(Author, null=True, on_delete=models.SET_NULL)


class Country(models.Model):
    """One parent whose children are the database's to delete"""

    name = models.CharField(max_length=100, default="")


class City(models.Model):
    """Deleted by the database: ON DELETE CASCADE is in the foreign key"""

    country = models.ForeignKey(Country, on_delete=models.DO_NOTHING)


class Street(models.Model):
    """The same one level down"""

    city = models.ForeignKey(City, on_delete=models.DO_NOTHING)


class Stamp(models.Model):
    """Protects its parent"""

    country = models.ForeignKey(Country, on_delete=models.PROTECT)
