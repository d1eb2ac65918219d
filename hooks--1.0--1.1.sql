/* hooks--1.0--1.1.sql: makes of version 1.0 what hooks--1.1.sql makes anew */

-- complain if script is sourced in psql, rather than via ALTER EXTENSION
\echo Use "ALTER EXTENSION hooks UPDATE TO '1.1'" to load this file. \quit
